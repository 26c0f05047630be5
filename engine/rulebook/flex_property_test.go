package rulebook

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// plainClient is a client: its number, given by its member.
type plainClient struct {
	member uint16
	number uint32
}

// plainFlex is the rule since 18 Nov 2024 as one would tell it, for one day.
type plainFlex struct {
	edge    [2]int64 // of the band in basis points: lower, upper
	until   int64
	side    int // which edge has begun
	flexes  int
	trades  [2]int
	clients [2][2]map[plainClient]bool
	members [2][2]map[uint16]bool
}

func (p *plainFlex) forget() {
	p.trades = [2]int{}
	for edge := range 2 {
		for side := range 2 {
			p.clients[edge][side], p.members[edge][side] = map[plainClient]bool{}, map[uint16]bool{}
		}
	}
}

func (p *plainFlex) trade(now, midnight, prevClose, price int64, clients [2]uint32, members [2]uint16) {
	moved := 10_000 * (price - prevClose)
	edge := 0
	if moved >= prevClose*(p.edge[1]-10) {
		edge = 1
	} else if moved > prevClose*(p.edge[0]+10) {
		return
	}
	if p.until != 0 || now >= midnight+clock(15, 15) {
		return
	}
	p.trades[edge]++
	enough := p.trades[edge] >= 50
	for side := range 2 {
		p.clients[edge][side][plainClient{members[side], clients[side]}] = true
		p.members[edge][side][members[side]] = true
		enough = enough && len(p.clients[edge][side]) >= 10 && len(p.members[edge][side]) >= 3
	}
	if !enough {
		return
	}
	wait := []int64{15, 15, 30, 30, 60}[min(p.flexes, 4)]
	if wait == 15 && now >= midnight+clock(15, 0) {
		wait = 5
	}
	p.until, p.side = now+minutes(wait), edge
}

func (p *plainFlex) due(now, midnight int64) bool {
	if p.until == 0 || now < p.until {
		return false
	}
	until := p.until
	p.until = 0
	if until >= midnight+clock(15, 15) {
		return false
	}
	by := []int64{500, 500, 300, 300, 200}[min(p.flexes, 4)] * int64(2*p.side-1)
	p.edge[0] += by
	p.edge[1] += by
	p.flexes++
	p.forget()
	return true
}

// TestFlexIsThePlainRule follows the price to whichever edge, through a whole day.
func TestFlexIsThePlainRule(t *testing.T) {
	days, flexed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		days++
		midnight := Date(20260907).Midnight()
		r := codec.Rules{Flags: codec.RuleBandFlexes, PrevClose: orderbook.Price(rapid.IntRange(100, 1_000_00).Draw(t, "close"))}
		base := int64(r.PrevClose)
		clientsMax, membersMax := uint32(rapid.IntRange(2, 14).Draw(t, "clients")), uint32(rapid.IntRange(2, 5).Draw(t, "members"))
		seed := rapid.Uint32().Draw(t, "seed")
		next := func(n uint32) uint32 {
			seed = seed*1664525 + 1013904223
			return seed >> 8 % n
		}
		var f Flex
		p := plainFlex{edge: [2]int64{-1000, 1000}}
		p.forget()
		edge := 1
		for now := midnight + clock(9, 15); now < midnight+clock(15, 30); now += minutes(1) / 12 * int64(1+next(3)) {
			if next(300) == 0 {
				edge = 1 - edge
			}
			price := base + base*p.edge[edge]/10_000 + int64(next(5)) - 2
			clients := [2]uint32{1 + next(clientsMax), 1 + next(clientsMax)}
			members := [2]uint16{uint16(1 + next(membersMax)), uint16(1 + next(membersMax))}
			f.Trade(now, &r, orderbook.Price(price), clients[0], clients[1], members[0], members[1])
			p.trade(now, midnight, base, price, clients, members)
			low, high, due := f.Due(now, &r)
			if want := p.due(now, midnight); due != want || f.Until != p.until {
				t.Fatalf("at %d: due %v until %d, want %v until %d", now, due, f.Until, want, p.until)
			}
			if !due {
				continue
			}
			flexed++
			if outside := 10_000*int64(low) < base*(10_000+p.edge[0]) || 10_000*int64(high) > base*(10_000+p.edge[1]); outside {
				t.Fatalf("band %d to %d, edges %d", low, high, p.edge)
			}
		}
	})
	if flexed < days { // some four a day
		t.Errorf("only %d flexes were seen in %d days", flexed, days)
	}
}
