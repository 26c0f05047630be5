package commandcsv

import (
	"math"
	"strconv"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// detail is one key of the details column.
type detail struct {
	kind codec.Kind
	name string
	flag uint8 // a key without value: a flag bit
	low  int64 // of a value
	high int64
	get  func(*codec.Command) int64
	put  func(*codec.Command, int64)
}

const (
	price32 = math.MaxInt32
	qty32   = math.MaxUint32
)

// details are the keys, in the order in which they are written. At most 32: see parseDetails.
var details = [...]detail{
	{kind: codec.KindPhase, name: "phase"}, // its value is a name: see set
	{
		kind: codec.KindPhase, name: "reference", low: math.MinInt32, high: price32,
		get: func(c *codec.Command) int64 { return int64(c.AsPhaseChange().Reference) },
		put: func(c *codec.Command, v int64) { c.AsPhaseChange().Reference = orderbook.Price(v) },
	},
	{kind: codec.KindPhase, name: "market_first", flag: uint8(codec.AuctionMarketFirst)},
	rule("prev_close", math.MinInt32, price32, func(r *codec.Rules) *orderbook.Price { return &r.PrevClose }),
	rule("low", math.MinInt32, price32, func(r *codec.Rules) *orderbook.Price { return &r.Low }),
	rule("high", math.MinInt32, price32, func(r *codec.Rules) *orderbook.Price { return &r.High }),
	rule("freeze", 0, qty32, func(r *codec.Rules) *orderbook.Qty { return &r.Freeze }),
	rule("value_max", math.MinInt64, math.MaxInt64, func(r *codec.Rules) *int64 { return &r.ValueMax }),
	rule("exec_range", math.MinInt32, price32, func(r *codec.Rules) *orderbook.Price { return &r.ExecRange }),
	rule("stop_gap", math.MinInt32, price32, func(r *codec.Rules) *orderbook.Price { return &r.StopGap }),
	rule("margin_bps", 0, math.MaxUint16, func(r *codec.Rules) *uint16 { return &r.MarginBps }),
	rule("disclosed_pct", 0, math.MaxUint8, func(r *codec.Rules) *uint8 { return &r.DisclosedPct }),
	{kind: codec.KindRules, name: "market_first", flag: uint8(codec.RuleMarketFirst)},
	{kind: codec.KindRules, name: "good_till", flag: uint8(codec.RuleGoodTill)},
	{kind: codec.KindRules, name: "fill_or_kill", flag: uint8(codec.RuleFillOrKill)},
	{kind: codec.KindRules, name: "no_disclosed", flag: uint8(codec.RuleNoDisclosed)},
	{kind: codec.KindRules, name: "no_stop_market", flag: uint8(codec.RuleNoStopMarket)},
	{kind: codec.KindRules, name: "stops_recorded", flag: uint8(codec.RuleStopsRecorded)},
	{kind: codec.KindRules, name: "market_to_limit", flag: uint8(codec.RuleMarketToLimit)},
	{kind: codec.KindRules, name: "band_flexes", flag: uint8(codec.RuleBandFlexes)},
	{
		kind: codec.KindLimit, name: "margin", low: math.MinInt64, high: math.MaxInt64,
		get: func(c *codec.Command) int64 { return c.AsLimit().Margin },
		put: func(c *codec.Command, v int64) { c.AsLimit().Margin = v },
	},
}

// rule is the detail of a number in codec.Rules.
func rule[T ~int32 | ~uint32 | ~int64 | ~uint16 | ~uint8](name string, low, high int64, field func(*codec.Rules) *T) detail {
	return detail{
		kind: codec.KindRules, name: name, low: low, high: high,
		get: func(c *codec.Command) int64 { return int64(*field(c.AsRules())) },
		put: func(c *codec.Command, v int64) { *field(c.AsRules()) = T(v) },
	}
}

// findDetail returns the index of a key that the kind has; -1 if it has none of that name.
func findDetail(k codec.Kind, name []byte) int {
	for i := range details {
		if details[i].kind == k && details[i].name == string(name) {
			return i
		}
	}
	return -1
}

// flagsOf is where a kind keeps its flags.
func flagsOf(c *codec.Command) *uint8 {
	if c.Kind == codec.KindPhase {
		return (*uint8)(&c.AsPhaseChange().Auction)
	}
	return (*uint8)(&c.AsRules().Flags)
}

// set puts the value of the key into the command.
func (d *detail) set(c *codec.Command, value []byte) bool {
	switch {
	case d.flag != 0:
		*flagsOf(c) |= d.flag
		return true
	case d.put == nil:
		for p := range codec.PhaseCount {
			if string(value) == p.String() {
				c.AsPhaseChange().Phase = p
				return true
			}
		}
		return false
	}
	v, ok := signed(value, math.MaxInt64)
	if !ok || v < d.low || v > d.high {
		return false
	}
	d.put(c, v)
	return true
}

// appendDetails writes the keys whose value is not 0, and always the phase.
func appendDetails(dst []byte, c *codec.Command) []byte {
	start := len(dst)
	for i := range details {
		d := &details[i]
		if d.kind != c.Kind || d.flag != 0 && *flagsOf(c)&d.flag == 0 || d.get != nil && d.get(c) == 0 {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ';')
		}
		dst = append(dst, d.name...)
		switch {
		case d.flag != 0:
		case d.get == nil:
			dst = append(append(dst, '='), c.AsPhaseChange().Phase.String()...)
		default:
			dst = strconv.AppendInt(append(dst, '='), d.get(c), 10)
		}
	}
	return dst
}
