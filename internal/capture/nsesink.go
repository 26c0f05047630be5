package capture

import (
	"errors"
	"fmt"
	"io"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/nse"
)

// Order numbers made up for aggressors have their highest bit set (docs/formats/command-csv.md), and
// have no place in the 16 digits of an NSE file. They are written from numberBase on.
const (
	markedBit  = 1 << 63
	numberBase = 9_000_000_000_000_000
	numberMax  = 9_999_999_999_999_999
)

const dayNs = 24 * 3600 * 1_000_000_000

// nseSink writes an NSE order file.
type nseSink struct {
	out      *nse.Writer
	shadow   *shadow // nil: the flow is an NSE file's already
	options  Options
	losses   *losses
	zip      *zipper // nil: not compressed
	shiftNs  int64
	started  bool
	large    bool // an order number of numberBase or more was written as it is
	numbered bool // a marked order number was written from numberBase on
}

func newNSESink(w io.Writer, layout nse.Layout, o CreateOptions, l *losses, zip *zipper) (*nseSink, error) {
	s := &nseSink{out: nse.NewWriter(w, layout), options: o.Options, losses: l, zip: zip}
	if o.Recorded {
		return s, nil
	}
	var err error
	s.shadow, err = newShadow(shadowLimits, o.Options, l, s.record)
	return s, err
}

func (s *nseSink) write(c *codec.Command) error {
	if s.shadow == nil {
		return s.record(c)
	}
	return s.shadow.write(c)
}

func (s *nseSink) close() error { return s.out.Flush() }

func (s *nseSink) release() {
	if s.shadow != nil {
		s.shadow.close()
	}
}

// record changes what the format cannot say, counts it, and writes the rest.
func (s *nseSink) record(c *codec.Command) error {
	switch c.Kind {
	case codec.KindUnreadable:
		s.losses.add(lossUnreadable)
		return nil
	case codec.KindDefine:
		in := *c.AsInstrument()
		s.define(&in)
		return s.out.Write(in.AsCommand())
	}
	out := *c
	s.moveTime(&out)
	if err := s.renumber(&out); err != nil {
		return err
	}
	if c.Seq != 0 {
		s.losses.add(lossSeq)
	}
	if !derived(&out, s.options) {
		s.losses.add(lossOwner)
	}
	if c.PAN != 0 || c.Flags&codec.FlagCancelActive != 0 {
		s.losses.add(lossPAN)
	}
	algo := c.Flags&codec.FlagAlgo != 0
	if c.AccountOf < 1 || c.AccountOf > 3 || c.AlgoOf > 3 || (c.AlgoOf%2 == 0) != algo {
		s.losses.add(lossMarked)
	}
	if err := s.out.Write(&out); err != nil {
		return err
	}
	return s.endMember()
}

// endMember ends the gzip member when it is large enough: NSE's files have many, each of whole lines.
func (s *nseSink) endMember() error {
	if s.zip == nil || s.zip.plain < memberSize {
		return nil
	}
	if err := s.out.Flush(); err != nil {
		return err
	}
	return s.zip.end()
}

// define makes an instrument one that a record can name.
func (s *nseSink) define(in *codec.Instrument) {
	if in.Lot > 1 || in.Tick != 0 {
		s.losses.add(lossLot)
	}
	if in.Segment != codec.SegmentCapital && in.Segment != codec.SegmentDerivatives {
		in.Segment = codec.SegmentCapital
	}
	if in.Segment == codec.SegmentCapital && in.Series == ([2]byte{}) {
		s.losses.add(lossSegment)
		copy(in.Series[:], "EQ")
	}
	if in.PriceScale != 2 && (in.PriceScale != 4 || in.Segment == codec.SegmentCapital) {
		s.losses.add(lossScale)
		in.PriceScale = 2
	}
}

// moveTime brings a time before 1980 into the format's range by whole days, the same number for all
// commands, so that order and distances stay. The first command tells how many.
func (s *nseSink) moveTime(c *codec.Command) {
	if !s.started {
		s.started = true
		if first := nse.TimeNs(0); c.TimeNs < first {
			days := (first-c.TimeNs-1)/dayNs + 2 // one to spare: commands need not come in time order
			s.losses.shiftDays, s.shiftNs = days, days*dayNs
		}
	}
	if s.shiftNs != 0 {
		c.TimeNs += s.shiftNs
		s.losses.add(lossShift)
	}
	if jiffies, ok := nse.Jiffies(c.TimeNs); ok && nse.TimeNs(jiffies) != c.TimeNs {
		s.losses.add(lossJiffy)
	}
}

// renumber gives a marked order number a place in 16 digits. A file in which that would meet a
// number of the source cannot be written.
func (s *nseSink) renumber(c *codec.Command) error {
	id := uint64(c.Order)
	switch {
	case id&markedBit == 0:
		s.large = s.large || id >= numberBase
	case id&^markedBit > numberMax-numberBase:
		return fmt.Errorf("an NSE record cannot carry order number A%d: want at most 15 digits", id&^markedBit)
	default:
		s.numbered = true
		c.Order = numberBase + c.Order&^markedBit
		s.losses.add(lossRenumber)
	}
	if s.large && s.numbered {
		return errors.New("an NSE file cannot carry this: its order numbers from 9000000000000000 on are taken, and those with an A need them")
	}
	return nil
}
