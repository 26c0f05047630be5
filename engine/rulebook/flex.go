//tezi:pure

package rulebook

import (
	"time"
	"unsafe"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// The most that any edition of the rule asks for; they size a Tally.
const (
	flexClientsMax = 10
	flexMembersMax = 3
)

// Tally counts the trades at one edge of a band, and who made them.
type Tally struct {
	Buyers, Sellers         [flexClientsMax]uint64 // distinct clients as they came, by clientOf, 0 where none has yet
	Trades                  uint32
	BuyMembers, SellMembers [flexMembersMax]uint16 // distinct members, likewise
}

// Flex is the dynamic price band of one stock with derivatives, or of one of its futures: enough
// trades near an edge, by enough clients and members on both sides, begin a cooling-off period, during
// which trading goes on in the old band; then the band moves. The zero Flex is ready, and a Flex that
// meets another day begins that day afresh.
//
// At NSE the stock, its futures and the other exchanges flex together. A Flex knows one instrument.
type Flex struct {
	Midnight  int64          // of the day it stands for, ns since 1970; 0: none yet
	Until     int64          // end of the cooling-off period, ns since 1970; 0: there is none
	LowMoved  int32          // how far the lower edge has moved today, basis points of the previous close, negative: down
	HighMoved int32          // the upper edge, likewise
	Flexes    uint32         // how often the band has moved today, in whatever direction
	Toward    orderbook.Side // with Until: Buy if it goes up afterwards, Sell if down
	Zero      [3]byte        // always
	Up, Down  Tally          // trades near the upper edge and near the lower
}

// FlexSize is the size of a Flex, which has no pointers and no padding (R4).
const FlexSize = 384

var _ [FlexSize]byte = [unsafe.Sizeof(Flex{})]byte{}

// flexNearBps is how near to the edge a trade counts: at 9.90 % if the edge is at 10 %.
const flexNearBps = 10

// flexStep is by how much the band moves, and how long it cools off before.
type flexStep struct {
	bps       int32
	coolingNs int64
}

// flexRule is an edition of the rule. The last step is for all flexes behind it too.
type flexRule struct {
	since            Date
	trades           uint32
	clients, members int // distinct, on each side
	slides           bool
	steps            []flexStep
}

var (
	flexEqual   = []flexStep{{500, minutes(15)}}
	flexGradual = []flexStep{
		{500, minutes(15)}, {500, minutes(15)}, {300, minutes(30)}, {300, minutes(30)}, {200, minutes(60)},
	}
)

// The editions, newest first: SEBI/HO/MRD/TPD-1/P/CIR/2024/58 in the three phases in which NSE
// brought it in (NSE/FAOP/62241, 63405, 64995), and what was before.
var flexRules = []flexRule{
	{20241118, 50, flexClientsMax, flexMembersMax, true, flexGradual},
	{20240819, 50, flexClientsMax, flexMembersMax, false, flexGradual},
	{20240603, 50, flexClientsMax, flexMembersMax, false, flexEqual},
	{0, 25, 5, 0, false, flexEqual},
}

// A short cooling-off period is shorter in the last half hour. Since the closing auction, no band
// flexes from 15:15 on: it gives way to the one of ClosingBandBps.
var (
	flexLateNs      = clock(15, 0)
	flexLateCooling = minutes(5)
	flexEndNs       = clock(15, 15)
)

func minutes(n int64) int64 { return n * int64(time.Minute) }

func flexRuleOf(d Date) *flexRule {
	for i := range flexRules {
		if d >= flexRules[i].since {
			return &flexRules[i]
		}
	}
	panic("rulebook: the oldest flex rule does not stand for all days before")
}

// stepAt returns the step of a flex whose conditions are met at a time of day. Only the steps of 15
// minutes are known to be cut in the last half hour.
func (rule *flexRule) stepAt(flexes uint32, timeOfDayNs int64) flexStep {
	s := rule.steps[min(int(flexes), len(rule.steps)-1)]
	if timeOfDayNs >= flexLateNs && s.coolingNs == minutes(15) {
		s.coolingNs = flexLateCooling
	}
	return s
}

// Trade counts one trade, made at timeNs (since 1970) at price, if the rules flex the band
// (codec.RuleBandFlexes) and the price is near enough to an edge. A client or member 0 is not known
// and does not count. The band at the start of the day is taken to be FlexBandBps around r.PrevClose.
func (f *Flex) Trade(timeNs int64, r *codec.Rules, price orderbook.Price,
	buyClient, sellClient uint32, buyMember, sellMember uint16) {
	if r.Flags&codec.RuleBandFlexes == 0 || r.PrevClose <= 0 {
		return
	}
	f.enter(timeNs)
	if f.Until != 0 || f.ended(timeNs) {
		return
	}
	paid, base := int64(price)*wholeBps, int64(r.PrevClose)
	tally, toward := &f.Up, orderbook.Buy
	switch {
	case paid >= base*(wholeBps+FlexBandBps+int64(f.HighMoved)-flexNearBps):
	case paid <= base*(wholeBps-FlexBandBps+int64(f.LowMoved)+flexNearBps):
		tally, toward = &f.Down, orderbook.Sell
	default:
		return
	}
	tally.Trades++
	note(tally.Buyers[:], clientOf(buyMember, buyClient))
	note(tally.Sellers[:], clientOf(sellMember, sellClient))
	note(tally.BuyMembers[:], buyMember)
	note(tally.SellMembers[:], sellMember)
	rule := flexRuleOf(DateOf(f.Midnight))
	if tally.meets(rule) {
		f.Toward = toward
		f.Until = timeNs + rule.stepAt(f.Flexes, timeNs-f.Midnight).coolingNs
	}
}

// Due says whether a cooling-off period is over at timeNs (since 1970), and then, once, returns the
// new band in paise: the edge moves in the direction of the trades, and since 18 Nov 2024 the other
// edge slides the same way. What rests outside is to be cancelled, but stop-loss orders that wait.
//
// The band is rounded inwards to paise. For prices that are whole ticks it is the same band as one
// rounded to ticks.
func (f *Flex) Due(timeNs int64, r *codec.Rules) (low, high orderbook.Price, due bool) {
	if f.Until == 0 || timeNs < f.Until {
		return 0, 0, false
	}
	f.enter(timeNs)
	if f.Until == 0 {
		return 0, 0, false
	}
	over := f.Until // nobody may have asked since
	f.Until = 0
	if f.ended(over) || r.Flags&codec.RuleBandFlexes == 0 || r.PrevClose <= 0 {
		return 0, 0, false
	}
	f.move(flexRuleOf(DateOf(f.Midnight)))
	low, high = inwards(r.PrevClose, -FlexBandBps+int64(f.LowMoved), FlexBandBps+int64(f.HighMoved), 1)
	return low, high, true
}

// move takes the band one step on. An edge that has moved is counted from nothing.
func (f *Flex) move(rule *flexRule) {
	by := rule.stepAt(f.Flexes, 0).bps
	up := f.Toward == orderbook.Buy
	if up || rule.slides {
		f.HighMoved += signed(by, up)
		f.Up = Tally{}
	}
	if !up || rule.slides {
		f.LowMoved += signed(by, up)
		f.Down = Tally{}
	}
	f.Flexes++
}

func signed(by int32, up bool) int32 {
	if up {
		return by
	}
	return -by
}

// enter begins the day of timeNs afresh if f stands for another.
func (f *Flex) enter(timeNs int64) {
	if f.Midnight == 0 || timeNs < f.Midnight || timeNs >= f.Midnight+dayNs {
		*f = Flex{Midnight: DateOf(timeNs).Midnight()}
	}
}

// ended says whether bands flex no more on this day.
func (f *Flex) ended(timeNs int64) bool {
	return timeNs-f.Midnight >= flexEndNs && DateOf(f.Midnight) >= closingAuctionDay
}

// clientOf is a client as the circular counts it, by its unique client code (UCC): members give those codes, each to clients of
// its own, so one number at two members is two clients, as it is two accounts. Client 0 is none.
func clientOf(member uint16, client uint32) uint64 {
	if client == 0 {
		return 0
	}
	return uint64(member)<<32 | uint64(client)
}

// note writes who into the first free place, unless it is there already or the places are full.
func note[T uint16 | uint64](seen []T, who T) {
	for i := range seen {
		if seen[i] == who {
			return
		}
		if seen[i] == 0 {
			seen[i] = who
			return
		}
	}
}

func (t *Tally) meets(rule *flexRule) bool {
	return t.Trades >= rule.trades &&
		filled(t.Buyers[:rule.clients]) && filled(t.Sellers[:rule.clients]) &&
		filled(t.BuyMembers[:rule.members]) && filled(t.SellMembers[:rule.members])
}

// filled says whether every place is taken.
func filled[T uint16 | uint64](seen []T) bool { return len(seen) == 0 || seen[len(seen)-1] != 0 }
