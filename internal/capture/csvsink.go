package capture

import (
	"errors"
	"io"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/commandcsv"
	"github.com/tezi-exchange/tezi/orderbook"
)

// csvSink writes a command CSV.
type csvSink struct {
	out     *commandcsv.Writer
	options CreateOptions
	losses  *losses
	defined uint32
}

func newCSVSink(w io.Writer, o CreateOptions, l *losses) *csvSink {
	return &csvSink{out: commandcsv.NewWriter(w, o.Columns), options: o, losses: l}
}

func (s *csvSink) write(c *codec.Command) error {
	switch c.Kind {
	case codec.KindUnreadable:
		s.losses.add(lossUnreadable)
		return nil
	case codec.KindDefine:
		s.defined = c.AsInstrument().Instrument
		s.define(c.AsInstrument())
	case codec.KindNew, codec.KindModify, codec.KindReduce, codec.KindCancel:
		if c.AlgoOf != 0 || c.AccountOf != 0 {
			s.losses.add(lossCodes)
		}
		if s.options.Columns&commandcsv.ColumnOwner == 0 && !derived(c, s.options.Options) {
			s.losses.add(lossOwner)
		}
	}
	if c.Seq != 0 && c.Kind != codec.KindDefine {
		s.losses.add(lossSeq)
	}
	err := s.out.Write(c)
	if carry := (*commandcsv.CarryError)(nil); errors.As(err, &carry) && s.refused(c) {
		s.losses.add(lossRuled)
		return nil
	}
	return err
}

// refused reports whether every engine refuses the order: it names no side, validity or instrument that there is.
func (s *csvSink) refused(c *codec.Command) bool {
	return c.Kind >= codec.KindNew && c.Kind <= codec.KindReduce &&
		(!c.Side.Valid() || c.TIF > orderbook.GTD || c.Instrument == 0 || c.Instrument > s.defined)
}

func (s *csvSink) define(in *codec.Instrument) {
	if in.PriceScale != s.options.PriceScale {
		s.losses.add(lossScale)
	}
	if in.Lot > 1 || in.Tick != 0 {
		s.losses.add(lossLot)
	}
}

func (s *csvSink) close() error { return s.out.Flush() }
func (s *csvSink) release()     {}

// derived reports whether a reader with o gives the command its owner without being told.
func derived(c *codec.Command, o Options) bool {
	member, client := codec.Owner(c.Order, o.Members, o.Clients)
	return c.Member == member && c.Client == client
}
