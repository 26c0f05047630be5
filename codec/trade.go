package codec

import (
	"unsafe"

	"github.com/tezi-exchange/tezi/orderbook"
)

// TradeSize is the size of a Trade in memory, in a batch payload and in journals.
const TradeSize = 64

// Trade is one fill: the incoming order (taker) against one resting order (maker), at the maker's
// price. Fixed little-endian layout, no pointers: the struct is the record.
type Trade struct {
	No          uint64            // trade number, dense from 1 over the run
	Taker       orderbook.OrderID // incoming order
	Maker       orderbook.OrderID // resting order
	TimeNs      int64             // time of Command (the core has no clock), ns since 1 Jan 1970 UTC
	Command     uint32            // the command that led to it, the taker's own unless it was triggered: Seq minus the batch's FirstCommand
	Instrument  uint32            //
	Price       orderbook.Price   // the maker's
	Qty         orderbook.Qty     //
	TakerClient uint32            //
	MakerClient uint32            //
	TakerMember uint16            //
	MakerMember uint16            //
	TakerSide   orderbook.Side    //
	Flags       TradeFlags        //
	_           [2]byte           //
}

// TradeFlags say how a trade came about.
type TradeFlags uint8

// The flag bits.
const (
	TradeAuction TradeFlags = 1 << 0 // in a call auction: both orders rested, at one price for all; the buy order stands as taker
)

var _ [TradeSize]byte = [unsafe.Sizeof(Trade{})]byte{}

// BuyMember and the three below give the trade's sides by direction.
func (t *Trade) BuyMember() uint16 {
	return pick(t.TakerSide == orderbook.Buy, t.TakerMember, t.MakerMember)
}

// SellMember is the selling member.
func (t *Trade) SellMember() uint16 {
	return pick(t.TakerSide == orderbook.Buy, t.MakerMember, t.TakerMember)
}

// BuyClient is the buying client.
func (t *Trade) BuyClient() uint32 {
	return pick(t.TakerSide == orderbook.Buy, t.TakerClient, t.MakerClient)
}

// SellClient is the selling client.
func (t *Trade) SellClient() uint32 {
	return pick(t.TakerSide == orderbook.Buy, t.MakerClient, t.TakerClient)
}

// Value is price times quantity, in paise (in units of the instrument's price scale).
func (t *Trade) Value() int64 { return int64(t.Price) * int64(t.Qty) }

func pick[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}
