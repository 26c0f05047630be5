//tezi:pure

package engine

import (
	"fmt"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine/pretrade"
)

// Limits of one core, set at start.
type Limits struct {
	OrdersMax      int `json:"orders_max"` // resting and waiting orders over all books
	InstrumentsMax int `json:"instruments_max"`
	BatchTarget    int `json:"batch_target"`            // trades after which a batch is sealed; at most batchTargetMax
	ClientsMax     int `json:"clients_max,omitempty"`   // clients over all members; 0: clientsDefault
	PositionsMax   int `json:"positions_max,omitempty"` // pairs of client and instrument that have met; 0: positionsDefault
	FillsMax       int `json:"fills_max,omitempty"`     // trades of one command; 0: fillsMax, which is also the most

	// What is checked before matching unless the flow says otherwise, in paise; 0: nothing.
	ClientMargin  int64 `json:"client_margin,omitempty"`   // most margin that a client may use
	MemberMargin  int64 `json:"member_margin,omitempty"`   // most margin that a member may use
	OrderValueMax int64 `json:"order_value_max,omitempty"` // most that an order may trade for
}

// MarginOf is the margin of an exposure at the rate that holds where rules give none, rounded down but not
// to 0: who keeps margins within it keeps exposures within exposure, if that is 5 paise or more.
func MarginOf(exposure int64) int64 {
	if exposure <= 0 {
		return 0
	}
	whole, rest := exposure/10_000, exposure%10_000
	return max(whole*pretrade.MarginBpsDefault+rest*pretrade.MarginBpsDefault/10_000, 1)
}

// batchTargetMax leaves room in a payload for the trades of the one command that passes the target.
const batchTargetMax = codec.TradesPerBatchMax / 4

// fillsMax bounds the trades of one command: an open batch below its target has room for them. What
// one order could still fill beyond is cancelled (orderbook.CauseFillLimit); an auction or a cascade of
// stop-loss orders goes on with the next KindContinue.
const fillsMax = codec.TradesPerBatchMax - batchTargetMax

// triggersMax bounds the stop-loss orders that enter by one command, so that no command holds up the
// loop for long. The others enter with the next KindContinue.
const triggersMax = 1 << 10

// What the participants can count with. A command beyond is rejected here, so that a participant
// never meets a trade that it cannot book.
const (
	instrumentsMax = 1 << 20
	priceScaleMax  = 9
	orderValueMax  = 1 << 50 // what an order may trade for at worst, in the price's unit and in paise
)

// ceilingOf is a value in paise, up to orderValueMax, in the units of a price with scale decimal digits; at most orderValueMax.
func ceilingOf(paise int64, scale uint8) int64 {
	for ; scale < 2; scale++ {
		paise /= 10
	}
	for ; scale > 2 && paise < orderValueMax; scale-- {
		paise *= 10
	}
	return min(paise, orderValueMax)
}

// Sizes of the accounts for those who do not say: a day of all of NSE's active clients in a few
// hundred instruments.
const (
	clientsDefault   = 1 << 18
	positionsDefault = 1 << 20
	accountsMax      = 1 << 28
)

// orDefault returns the limits with the defaults filled in.
func (l Limits) orDefault() Limits {
	if l.ClientsMax == 0 {
		l.ClientsMax = clientsDefault
	}
	if l.PositionsMax == 0 {
		l.PositionsMax = positionsDefault
	}
	if l.FillsMax == 0 {
		l.FillsMax = fillsMax
	}
	if l.OrderValueMax == 0 || l.OrderValueMax > orderValueMax {
		l.OrderValueMax = orderValueMax
	}
	return l
}

func (l Limits) validate() error {
	l = l.orDefault()
	for _, f := range [...]struct {
		name       string
		value, max int
	}{
		{"OrdersMax", l.OrdersMax, 1 << 28},
		{"InstrumentsMax", l.InstrumentsMax, instrumentsMax},
		{"BatchTarget", l.BatchTarget, batchTargetMax},
		{"ClientsMax", l.ClientsMax, accountsMax},
		{"PositionsMax", l.PositionsMax, accountsMax},
		{"FillsMax", l.FillsMax, fillsMax},
	} {
		if f.value < 1 || f.value > f.max {
			return fmt.Errorf("engine: %s %d, want 1 to %d", f.name, f.value, f.max)
		}
	}
	if l.ClientMargin < 0 || l.MemberMargin < 0 || l.OrderValueMax < 0 {
		return fmt.Errorf("engine: ClientMargin %d, MemberMargin %d, OrderValueMax %d, want 0 for none, or more", l.ClientMargin, l.MemberMargin, l.OrderValueMax)
	}
	return nil
}

func (l Limits) accounts() pretrade.Limits {
	return pretrade.Limits{
		ClientsMax: l.ClientsMax, PositionsMax: l.PositionsMax, ClientMargin: l.ClientMargin, MemberMargin: l.MemberMargin,
	}
}
