package workload

import (
	"errors"
	"fmt"
	"time"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/nse"
	"github.com/tezi-exchange/tezi/engine/rulebook"
)

// Layout is the order in which a day's messages come.
type Layout uint8

// The layouts. Both hold the same messages for each symbol (I2).
const (
	TimeOrder   Layout = 0 // as they happened: symbols interleaved
	SymbolOrder Layout = 1 // symbol by symbol in the alphabet, each in time order, as in NSE's files
)

// String returns "time" or "symbol".
func (l Layout) String() string {
	switch l {
	case TimeOrder:
		return "time"
	case SymbolOrder:
		return "symbol"
	}
	return "unknown"
}

// Limits of a Config.
const (
	InstrumentsMax = 4096
	MembersMax     = 1<<16 - 1 - houses    // a member is 16 bits, from 1, and the houses are members too
	OrdersPerMax   = sessionJiffies / 4    // order messages of one instrument: a jiffy is the smallest distance, and trades need room
	RestingMax     = InstrumentsMax * 4000 // most that any Config leads to
)

// Defaults of a Config's zero fields.
const (
	OrdersDefault      = 1_000_000
	InstrumentsDefault = 500
	MembersDefault     = nse.DefaultMembers // a day from a file then has the same members
	ClientsDefault     = nse.DefaultClients
	RestingDefault     = 1_000_000
)

// DateDefault is the date of a Config without one: a Wednesday under the newest rules of package rulebook,
// with the closing auction (from 3 August 2026) and the pre-open session in two parts (from 7 September
// 2026), so that a day has every phase there is.
var DateDefault = time.Date(2026, time.September, 9, 0, 0, 0, 0, india)

// DateLast is the last date of a Config: the format of NSE's files has no stamp for the evening of the next day.
var DateLast = time.Date(2028, time.May, 7, 0, 0, 0, 0, india)

var india = time.FixedZone("IST", 5*60*60+30*60)

// Config says which day to make. Equal configs make equal days, byte for byte (I1). A zero field
// takes its default.
type Config struct {
	Seed        uint64    // any number; 0 is a seed like any other
	Orders      int64     // order messages: entries, modifies, reduces and cancels; all else comes on top
	Instruments int       // listed symbols; the least active may stay without a message in a small day
	Date        time.Time // trading day: year, month and day as they stand, whatever the time and zone
	Members     uint32    // trading members, numbered from 1; the houses come behind them
	Clients     uint32    // clients of each member
	Resting     int       // most orders that rest or wait at the same time, over all books; bounds the memory
	Layout      Layout    //
	NoHalt      bool      // a day on which the market-wide circuit breaker does not trip
}

// ErrConfig is wrapped by every error of New, with the field, the value and what was expected.
var ErrConfig = errors.New("workload: config")

func (c *Config) fill() {
	def(&c.Orders, OrdersDefault)
	def(&c.Instruments, InstrumentsDefault)
	def(&c.Members, MembersDefault)
	def(&c.Clients, ClientsDefault)
	def(&c.Resting, RestingDefault)
	if c.Date.IsZero() {
		c.Date = DateDefault
	}
}

func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c *Config) validate() error {
	bad := func(field string, value any, want string) error {
		return fmt.Errorf("%w: %s is %v, want %s", ErrConfig, field, value, want)
	}
	switch {
	case c.Orders < 1:
		return bad("Orders", c.Orders, "at least 1")
	case c.Instruments < 1 || c.Instruments > InstrumentsMax:
		return bad("Instruments", c.Instruments, fmt.Sprintf("1 to %d", InstrumentsMax))
	case c.Members > MembersMax:
		return bad("Members", c.Members, fmt.Sprintf("1 to %d", MembersMax))
	case uint64(c.Members)*uint64(c.Clients) >= 1<<32-houses-families:
		return bad("Members x Clients", uint64(c.Members)*uint64(c.Clients), "below 2^32, clients and PANs are numbered in 32 bits")
	case c.Resting < c.Instruments*restingFloor || c.Resting > RestingMax:
		return bad("Resting", c.Resting, fmt.Sprintf("%d (%d for each instrument) to %d", c.Instruments*restingFloor, restingFloor, RestingMax))
	case c.Layout > SymbolOrder:
		return bad("Layout", c.Layout, "TimeOrder or SymbolOrder")
	}
	// The year comes first: 64 bits of ns, which Jiffies takes, cannot tell all years apart.
	if _, ok := nse.Jiffies(c.at(18)); !ok || c.Date.Year() < 1980 || c.Date.Year() > 2028 {
		return bad("Date", c.Date.Format(time.DateOnly), "1980-01-01 to 2028-05-07, the days that 14 digits of jiffies can tell")
	}
	return nil
}

// midnight returns the beginning of the day in jiffies.
func (c *Config) midnight() uint64 {
	jiffies, _ := nse.Jiffies(c.at(0))
	return jiffies
}

// at returns a full hour of the day in ns since 1970.
func (c *Config) at(hour int) int64 {
	y, m, d := c.Date.Date()
	return time.Date(y, m, d, hour, 0, 0, 0, india).UnixNano()
}

// date is the day for the rule book.
func (c *Config) date() rulebook.Date { return rulebook.DateOf(c.at(0)) }

// A definition travels in the batch with its first trade, so one batch may hold them all.
var _ [codec.InstrumentsPerBatchMax - InstrumentsMax]struct{}
