package codec

import (
	"unsafe"

	"github.com/tezi-exchange/tezi/orderbook"
)

// Kind says what a Command asks for. Part of the journal format: never renumber.
type Kind uint8

// The kinds of command.
const (
	KindNew        Kind = 1  // order entry
	KindCancel     Kind = 2  // cancel the whole remaining order
	KindModify     Kind = 3  // new price and new remaining quantity (NSE: "a modify carries the remaining quantity")
	KindReduce     Kind = 4  // take Qty off a resting order; it keeps its place
	KindDefine     Kind = 5  // define an instrument: the 64 bytes are an Instrument
	KindUnreadable Kind = 6  // a record of the source that could not be read; it is only counted
	KindPhase      Kind = 7  // the instrument enters a phase of the trading day: the 64 bytes are a PhaseChange
	KindRules      Kind = 8  // the rules of an instrument from now on: the 64 bytes are a Rules
	KindContinue   Kind = 9  // made by the engine: go on with what one command could not finish (an auction, a cascade)
	KindMassCancel Kind = 10 // cancel every order of Member, Client, Instrument and Side; a field that is 0 does not select
	KindKill       Kind = 11 // kill switch for Member, Client, Instrument (0 does not select, all 0 is the market): cancels as a mass cancel, and refuses entry and modify until FlagLift
	KindLimit      Kind = 12 // the margin limit of a member, or with Client of one client: the 64 bytes are a Limit
	KindHalt       Kind = 13 // made by the engine: from here on every order entry and modify is refused, for the orderbook.RejectReason in Ref, until FlagLift
)

// Asks reports whether somebody asks for something by a command of this kind: the others tell what the
// market is like (definitions, phases, rules, limits), or are made by the engine.
func (k Kind) Asks() bool {
	switch k {
	case KindDefine, KindPhase, KindRules, KindContinue, KindLimit, KindHalt:
		return false
	}
	return true
}

// Made reports whether the engine makes commands of this kind itself: they come from no source.
func (k Kind) Made() bool { return k == KindContinue || k == KindHalt }

// Flags of a Command.
type Flags uint8

// The flag bits.
const (
	FlagMarket       Flags = 1 << 0 // market order: Price is ignored
	FlagStopLoss     Flags = 1 << 1 // stop-loss order: Trigger holds the trigger price
	FlagPreOpen      Flags = 1 << 2 // entered in the pre-open session (record type PO)
	FlagAlgo         Flags = 1 << 3 // entered by an algorithm
	FlagCancelActive Flags = 1 << 4 // self-trade prevention cancels this order when it comes in, not the resting one (NSE's STPC bit)
	FlagLift         Flags = 1 << 5 // of KindKill and KindHalt: lift it instead of setting it
)

// CommandSize is the size of a Command in memory, in the journal and in rings.
const CommandSize = 64

// Command is one order-entry command in the fixed little-endian layout of docs/formats/batch-payload.md:
// the struct is the record. It has no pointers.
type Command struct {
	Seq        uint64                // place in the one total order, from 1; 0 until sequenced
	TimeNs     int64                 // entry time by the source, ns since 1 Jan 1970 UTC
	Order      orderbook.OrderID     // order number
	Instrument uint32                // index given by the KindDefine command, from 1
	Price      orderbook.Price       // limit in paise; ignored with FlagMarket
	Trigger    orderbook.Price       // stop-loss trigger in paise
	Qty        orderbook.Qty         // New: quantity. Modify: new remaining quantity. Reduce: quantity to take off
	Disclosed  orderbook.Qty         // disclosed quantity, 0 if none
	Client     uint32                // client (UCC) number
	Ref        uint32                // record number in the source, from 1 (wraps); for messages only
	Member     uint16                // trading member
	Kind       Kind                  //
	Side       orderbook.Side        //
	TIF        orderbook.TimeInForce //
	Flags      Flags                 //
	AccountOf  uint8                 // NSE's client flag: 1 custodian, 2 own, 3 other; 0 unknown
	AlgoOf     uint8                 // NSE's algo flag 0-3
	PAN        uint32                // number of the PAN behind the client, for self-trade prevention; 0: not known
}

// Instrument is what a KindDefine command carries, laid over the same 64 bytes.
type Instrument struct {
	Seq        uint64          // as in Command
	TimeNs     int64           // as in Command
	Lot        orderbook.Qty   // quantity step, in shares; 1 in the capital market
	Expiry     uint32          // yyyymmdd, 0 outside derivatives
	Instrument uint32          // index of this instrument, dense from 1
	Strike     orderbook.Price // paise, 0 outside options
	Tick       orderbook.Price // price step in paise; 0 = unknown, 1 is assumed
	Symbol     [10]byte        // padded with zero bytes on the right
	Series     [2]byte         // capital market: EQ, BE, ...; otherwise zero
	Class      [6]byte         // derivatives: FUTSTK, OPTIDX, ...; otherwise zero
	Kind       Kind            // KindDefine, at the offset of Command.Kind
	Segment    Segment         //
	PriceScale uint8           // decimal digits behind the point of a price: 2 = paise, 4 = LOBSTER and currency
	Option     [2]byte         // CE, PE; otherwise zero
	_          [5]byte         //
}

// Segment of the market.
type Segment uint8

// The segments.
const (
	SegmentCapital     Segment = 1 // CASH
	SegmentDerivatives Segment = 2 // FAO
	SegmentOther       Segment = 3 // a foreign capture
)

// Sizes and offsets that the casts rely on, checked at compile time.
var (
	_ [CommandSize]byte = [unsafe.Sizeof(Command{})]byte{}
	_ [CommandSize]byte = [unsafe.Sizeof(Instrument{})]byte{}
	_ [0]byte           = [unsafe.Offsetof(Command{}.Kind) - unsafe.Offsetof(Instrument{}.Kind)]byte{}
)

// AsInstrument reads the command's bytes as an Instrument. Only for KindDefine.
func (c *Command) AsInstrument() *Instrument {
	if c.Kind != KindDefine {
		panic("codec: AsInstrument on a command that is not KindDefine")
	}
	return (*Instrument)(unsafe.Pointer(c))
}

// AsCommand returns the instrument's bytes as the command that defines it.
func (i *Instrument) AsCommand() *Command {
	i.Kind = KindDefine
	return (*Command)(unsafe.Pointer(i))
}

// Name returns the readable name: "RELIANCE-EQ", "NIFTY-FUTIDX-20260924", "SBIN-OPTSTK-20260924-800.00-CE".
// It allocates; for reports only.
func (i *Instrument) Name() string { return i.name() }
