package capture

import (
	"cmp"
	"errors"
	"slices"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Info is what Inspect finds in a capture.
type Info struct {
	File        string       `json:"file"`
	Format      Format       `json:"format"`
	Bytes       int64        `json:"bytes"`                  // of the file; 0 for a pipe
	GzipMembers int64        `json:"gzip_members,omitempty"` // 0: not compressed
	Commands    uint64       `json:"commands"`               // without what the exchange says, and unreadable records
	Kinds       KindCounts   `json:"kinds"`
	Flags       FlagCounts   `json:"flags"`
	Instruments int          `json:"instruments"`
	Busiest     []Instrument `json:"busiest"` // at most 10, by commands
	FirstNs     int64        `json:"first_ns"`
	LastNs      int64        `json:"last_ns"` // earliest and latest time of a command, ns since 1970 UTC
	PriceMin    string       `json:"price_min,omitempty"`
	PriceMax    string       `json:"price_max,omitempty"` // lowest and highest limit, in rupees or whatever it is
	Unreadable  uint64       `json:"unreadable"`          // records
	Errors      []string     `json:"errors,omitempty"`    // about the first of them
	Damage      *DamageError `json:"damage,omitempty"`    // why reading ended early; everything above counts what came before

	nothing error // ErrNothingRead
}

// Err returns what is wrong with the capture as a whole: its damage, or that none of its records could be read.
func (i *Info) Err() error {
	if i.Damage != nil {
		return i.Damage
	}
	return i.nothing
}

// KindCounts counts commands by kind.
type KindCounts struct {
	New    uint64 `json:"new"`
	Cancel uint64 `json:"cancel"`
	Modify uint64 `json:"modify"`
	Reduce uint64 `json:"reduce"`

	MassCancel uint64 `json:"mass_cancel,omitempty"`
	Kill       uint64 `json:"kill,omitempty"`  // kill switches, set and lifted
	Other      uint64 `json:"other,omitempty"` // kinds that no engine knows

	Phase uint64 `json:"phase,omitempty"` // the exchange says these
	Rules uint64 `json:"rules,omitempty"`
	Limit uint64 `json:"limit,omitempty"`
}

// FlagCounts counts commands that have a property.
type FlagCounts struct {
	Market    uint64 `json:"market"`
	IOC       uint64 `json:"ioc"`
	StopLoss  uint64 `json:"stop_loss"`
	Disclosed uint64 `json:"disclosed"`
	PreOpen   uint64 `json:"pre_open"`
	Algo      uint64 `json:"algo"`

	PAN          uint64 `json:"pan,omitempty"`           // the PAN is known
	CancelActive uint64 `json:"cancel_active,omitempty"` // self-trade prevention cancels the incoming order
	FOK          uint64 `json:"fok,omitempty"`
	GoodTill     uint64 `json:"good_till,omitempty"` // GTC and GTD
}

// Instrument is one instrument of a capture.
type Instrument struct {
	Name     string `json:"name"`
	Commands uint64 `json:"commands"`
}

const (
	busiestMax = 10
	errorsMax  = 5
)

// Inspect reads a whole capture and tells what is in it, whatever o says of sessions. What is wrong with it is part of the
// answer, not an error (Info.Err); what cannot be opened as a capture is an error, as in Open.
func Inspect(path string, o Options) (*Info, error) {
	r, err := Open(path, o)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	r.asRecorded()
	info := &Info{File: r.file, Format: r.Format(), Bytes: r.total}
	s := survey{info: info}
	err = each(r, s.command, func(e *RecordError) {
		if len(info.Errors) < errorsMax {
			info.Errors = append(info.Errors, e.Error())
		}
	})
	if errors.Is(err, ErrNothingRead) {
		info.nothing = err
	} else if err != nil && !errors.As(err, &info.Damage) {
		return nil, err
	}
	if r.gunzip != nil {
		info.GzipMembers = r.gunzip.members.Load()
	}
	s.finish()
	return info, nil
}

// survey gathers an Info.
type survey struct {
	info        *Info
	instruments []Instrument // by number - 1
	scales      []uint8      // likewise
	low, high   limit
}

// limit is a price with its number of decimal digits; instruments may differ.
type limit struct {
	price orderbook.Price // 0: none yet
	scale uint8
}

func (l limit) value() float64 {
	v := float64(l.price)
	for range l.scale {
		v /= 10
	}
	return v
}

func (l limit) String() string {
	if l.price == 0 {
		return ""
	}
	return codec.FormatPrice(int64(l.price), l.scale)
}

func (s *survey) command(c *codec.Command) error {
	info := s.info
	switch c.Kind {
	case codec.KindDefine:
		in := c.AsInstrument()
		s.instruments = append(s.instruments, Instrument{Name: in.Name()})
		s.scales = append(s.scales, in.PriceScale)
		return nil
	case codec.KindUnreadable:
		info.Unreadable++
		return nil
	case codec.KindPhase:
		info.Kinds.Phase++
		return nil
	case codec.KindRules:
		info.Kinds.Rules++
		return nil
	case codec.KindLimit:
		info.Kinds.Limit++
		return nil
	case codec.KindMassCancel:
		info.Kinds.MassCancel++
	case codec.KindKill:
		info.Kinds.Kill++
	case codec.KindNew:
		info.Kinds.New++
	case codec.KindCancel:
		info.Kinds.Cancel++
	case codec.KindModify:
		info.Kinds.Modify++
	case codec.KindReduce:
		info.Kinds.Reduce++
	default:
		info.Kinds.Other++
	}
	if info.Commands == 0 {
		info.FirstNs, info.LastNs = c.TimeNs, c.TimeNs
	}
	info.Commands++
	info.FirstNs, info.LastNs = min(info.FirstNs, c.TimeNs), max(info.LastNs, c.TimeNs)
	s.flags(c)
	if i := int64(c.Instrument) - 1; i >= 0 && i < int64(len(s.instruments)) {
		s.instruments[i].Commands++
		s.price(c, s.scales[i])
	}
	return nil
}

func (s *survey) flags(c *codec.Command) {
	count := func(n *uint64, yes bool) {
		if yes {
			*n++
		}
	}
	f := &s.info.Flags
	count(&f.Market, c.Flags&codec.FlagMarket != 0)
	count(&f.StopLoss, c.Flags&codec.FlagStopLoss != 0)
	count(&f.PreOpen, c.Flags&codec.FlagPreOpen != 0)
	count(&f.Algo, c.Flags&codec.FlagAlgo != 0)
	count(&f.IOC, c.TIF == orderbook.IOC)
	count(&f.Disclosed, c.Disclosed != 0)
	count(&f.PAN, c.PAN != 0)
	count(&f.CancelActive, c.Flags&codec.FlagCancelActive != 0)
	count(&f.FOK, c.TIF == orderbook.FOK)
	count(&f.GoodTill, c.TIF == orderbook.GTC || c.TIF == orderbook.GTD)
}

// price widens the range by the limit of an order entry or modify.
func (s *survey) price(c *codec.Command, scale uint8) {
	if c.Kind != codec.KindNew && c.Kind != codec.KindModify || c.Flags&codec.FlagMarket != 0 || c.Price <= 0 {
		return
	}
	l := limit{c.Price, scale}
	if s.low.price == 0 || l.value() < s.low.value() {
		s.low = l
	}
	if l.value() > s.high.value() {
		s.high = l
	}
}

func (s *survey) finish() {
	s.info.Instruments = len(s.instruments)
	s.info.PriceMin, s.info.PriceMax = s.low.String(), s.high.String()
	slices.SortStableFunc(s.instruments, func(a, b Instrument) int { return cmp.Compare(b.Commands, a.Commands) })
	s.info.Busiest = s.instruments[:min(len(s.instruments), busiestMax)]
}
