package codec

import (
	"unsafe"

	"github.com/tezi-exchange/tezi/orderbook"
)

// Phase is a part of the trading day of one instrument. Part of the journal format: never renumber.
type Phase uint8

// The phases. An instrument that was never given one trades continuously.
const (
	PhaseContinuous   Phase = 0  // price-time matching
	PhaseClosed       Phase = 1  // nothing is taken; what rests stays
	PhasePreOpen      Phase = 2  // call auction: limit and market orders are collected
	PhasePreOpenLimit Phase = 3  // only limit orders; market orders in the book are frozen
	PhasePreOpenMatch Phase = 4  // on entering it the auction is held; nothing is taken
	PhaseAverage      Phase = 5  // continuous, and the average price since entering it counts for the close
	PhaseReference    Phase = 6  // the reference price of the closing auction stands; nothing is taken
	PhaseClosing      Phase = 7  // call auction at the close: limit and market orders
	PhaseClosingLimit Phase = 8  // only limit orders; market orders are frozen
	PhaseClosingMatch Phase = 9  // on entering it the auction is held, and what is left is cancelled
	PhasePostClose    Phase = 10 // orders trade at the closing price only
	PhaseHalted       Phase = 11 // only cancels are taken
	PhaseEndOfDay     Phase = 12 // on entering it every order is cancelled that is not good for longer
	PhaseCount        Phase = 13 // number of phases; keep last
)

var phaseNames = [PhaseCount]string{
	"continuous", "closed", "pre_open", "pre_open_limit", "pre_open_match", "average", "reference",
	"closing", "closing_limit", "closing_match", "post_close", "halted", "end_of_day",
}

// String returns the stable lower-case name.
func (p Phase) String() string {
	if p < PhaseCount {
		return phaseNames[p]
	}
	return "unknown"
}

// PhaseChange is what a KindPhase command carries, laid over the same 64 bytes.
type PhaseChange struct {
	Seq        uint64          // as in Command
	TimeNs     int64           // as in Command
	_          [8]byte         //
	Instrument uint32          // as in Command
	Reference  orderbook.Price // previous close or reference price of the auction that this phase holds or begins; 0: the engine's own
	_          [22]byte        //
	Kind       Kind            // KindPhase
	Phase      Phase           //
	Auction    AuctionFlags    //
	_          [7]byte         //
}

// AuctionFlags say how an auction is held that the phase begins or holds.
type AuctionFlags uint8

// The auction flags.
const (
	AuctionMarketFirst AuctionFlags = 1 << 0 // market orders are filled before limit orders (CAS from 3 Aug 2026, pre-open from 7 Sep 2026)
)

// RuleFlags switch rules of an instrument.
type RuleFlags uint8

// The rule flags.
const (
	RuleMarketFirst   RuleFlags = 1 << 0 // auctions fill market orders before limit orders (CAS from 3 Aug 2026, pre-open from 7 Sep 2026)
	RuleGoodTill      RuleFlags = 1 << 1 // GTC and GTD are taken
	RuleFillOrKill    RuleFlags = 1 << 2 // FOK is taken
	RuleNoDisclosed   RuleFlags = 1 << 3 // no disclosed quantity (derivatives)
	RuleNoStopMarket  RuleFlags = 1 << 4 // no stop-loss market orders (options since 27 Sep 2021)
	RuleStopsRecorded RuleFlags = 1 << 5 // a stop-loss order is triggered by a second entry with its number, not by the last price: a recorded flow
	RuleMarketToLimit RuleFlags = 1 << 6 // what a market order leaves rests at its last price instead of being cancelled
	RuleBandFlexes    RuleFlags = 1 << 7 // the price band is dynamic (stocks with derivatives)
)

// Rules is what a KindRules command carries, laid over the same 64 bytes. A limit that is 0 does not
// limit. Orders that rest are not looked at again, but for the band: what rests outside is cancelled.
type Rules struct {
	Seq          uint64          // as in Command
	TimeNs       int64           // as in Command
	ValueMax     int64           // price times quantity of an order, in the price's unit
	Instrument   uint32          // as in Command
	PrevClose    orderbook.Price // previous close, adjusted for corporate actions
	Low, High    orderbook.Price // price band, both ends allowed
	Freeze       orderbook.Qty   // greatest quantity of an order
	ExecRange    orderbook.Price // how far from the reference an incoming order may trade, in price units
	StopGap      orderbook.Price // greatest distance of a stop-loss order's limit from its trigger
	MarginBps    uint16          // margin of a position, in 1/10,000 of its value; 0: 2000
	Kind         Kind            // KindRules
	DisclosedPct uint8           // least disclosed quantity, in per cent of the quantity
	Flags        RuleFlags       //
	_            [7]byte         //
}

// Limit is what a KindLimit command carries, laid over the same 64 bytes.
type Limit struct {
	Seq    uint64   // as in Command
	TimeNs int64    // as in Command
	Margin int64    // in paise; 0: none
	_      [20]byte //
	Client uint32   // as in Command; 0: the limit of the member
	_      [4]byte  //
	Member uint16   // as in Command
	Kind   Kind     // KindLimit
	_      [9]byte  //
}

// The overlays agree with Command where they name the same thing, checked at compile time.
var (
	_ [CommandSize]byte = [unsafe.Sizeof(PhaseChange{})]byte{}
	_ [CommandSize]byte = [unsafe.Sizeof(Rules{})]byte{}
	_ [CommandSize]byte = [unsafe.Sizeof(Limit{})]byte{}
	_ [0]byte           = [unsafe.Offsetof(Command{}.Kind) - unsafe.Offsetof(PhaseChange{}.Kind)]byte{}
	_ [0]byte           = [unsafe.Offsetof(Command{}.Kind) - unsafe.Offsetof(Rules{}.Kind)]byte{}
	_ [0]byte           = [unsafe.Offsetof(Command{}.Kind) - unsafe.Offsetof(Limit{}.Kind)]byte{}
	_ [0]byte           = [unsafe.Offsetof(Command{}.Instrument) - unsafe.Offsetof(PhaseChange{}.Instrument)]byte{}
	_ [0]byte           = [unsafe.Offsetof(Command{}.Instrument) - unsafe.Offsetof(Rules{}.Instrument)]byte{}
	_ [0]byte           = [unsafe.Offsetof(Command{}.Client) - unsafe.Offsetof(Limit{}.Client)]byte{}
	_ [0]byte           = [unsafe.Offsetof(Command{}.Member) - unsafe.Offsetof(Limit{}.Member)]byte{}
)

// overlay panics if c is not of kind k: a bug of the caller.
func (c *Command) overlay(k Kind) unsafe.Pointer {
	if c.Kind != k {
		panic("codec: a command is read as something that it is not")
	}
	return unsafe.Pointer(c)
}

// AsPhaseChange reads the command's bytes as a PhaseChange. Only for KindPhase.
func (c *Command) AsPhaseChange() *PhaseChange { return (*PhaseChange)(c.overlay(KindPhase)) }

// AsRules reads the command's bytes as Rules. Only for KindRules.
func (c *Command) AsRules() *Rules { return (*Rules)(c.overlay(KindRules)) }

// AsLimit reads the command's bytes as a Limit. Only for KindLimit.
func (c *Command) AsLimit() *Limit { return (*Limit)(c.overlay(KindLimit)) }

// AsCommand returns the bytes as the command.
func (p *PhaseChange) AsCommand() *Command {
	p.Kind = KindPhase
	return (*Command)(unsafe.Pointer(p))
}

// AsCommand returns the bytes as the command.
func (r *Rules) AsCommand() *Command {
	r.Kind = KindRules
	return (*Command)(unsafe.Pointer(r))
}

// AsCommand returns the bytes as the command.
func (l *Limit) AsCommand() *Command {
	l.Kind = KindLimit
	return (*Command)(unsafe.Pointer(l))
}
