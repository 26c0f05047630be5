package codec

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/orderbook"
)

// C1: what an overlay holds survives as the bytes of a command, and the fields that it shares with
// Command are read there too.
func TestOverlayRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u64 := func(name string) uint64 { return rapid.Uint64().Draw(t, name) }
		u32 := func(name string) uint32 { return rapid.Uint32().Draw(t, name) }
		price := func(name string) orderbook.Price { return orderbook.Price(rapid.Int32().Draw(t, name)) }
		phase := PhaseChange{
			Seq: u64("seq"), TimeNs: int64(u64("time")), Instrument: u32("instrument"), Reference: price("reference"),
			Kind: KindPhase, Phase: Phase(rapid.Uint8().Draw(t, "phase")), Auction: AuctionFlags(rapid.Uint8().Draw(t, "auction")),
		}
		rules := Rules{
			Seq: u64("seq"), TimeNs: int64(u64("time")), ValueMax: int64(u64("value")), Instrument: u32("instrument"),
			PrevClose: price("close"), Low: price("low"), High: price("high"), Freeze: orderbook.Qty(u32("freeze")),
			ExecRange: price("range"), StopGap: price("gap"), MarginBps: rapid.Uint16().Draw(t, "margin"),
			Kind: KindRules, DisclosedPct: rapid.Uint8().Draw(t, "disclosed"), Flags: RuleFlags(rapid.Uint8().Draw(t, "flags")),
		}
		limit := Limit{
			Seq: u64("seq"), TimeNs: int64(u64("time")), Margin: int64(u64("margin")), Client: u32("client"),
			Member: rapid.Uint16().Draw(t, "member"), Kind: KindLimit,
		}
		b := CommandBytes([]Command{*phase.AsCommand(), *rules.AsCommand(), *limit.AsCommand()})
		cs, ok := Commands(b)
		if !ok || len(cs) != 3 {
			t.Fatalf("%d commands, %v", len(cs), ok)
		}
		p, r, l := &cs[0], &cs[1], &cs[2]
		if *p.AsPhaseChange() != phase || *r.AsRules() != rules || *l.AsLimit() != limit {
			t.Fatalf("got %+v %+v %+v, want %+v %+v %+v", *p.AsPhaseChange(), *r.AsRules(), *l.AsLimit(), phase, rules, limit)
		}
		if p.Kind != KindPhase || p.Seq != phase.Seq || p.TimeNs != phase.TimeNs || p.Instrument != phase.Instrument {
			t.Fatalf("as a command the phase is %+v", p)
		}
		if r.Kind != KindRules || r.Seq != rules.Seq || r.TimeNs != rules.TimeNs || r.Instrument != rules.Instrument {
			t.Fatalf("as a command the rules are %+v", r)
		}
		if l.Kind != KindLimit || l.Seq != limit.Seq || l.TimeNs != limit.TimeNs || l.Member != limit.Member || l.Client != limit.Client {
			t.Fatalf("as a command the limit is %+v", l)
		}
	})
}

// AsCommand sets the kind: an overlay whose maker forgot it is no order.
func TestOverlaySetsItsKind(t *testing.T) {
	for want, c := range map[Kind]*Command{
		KindDefine: (&Instrument{}).AsCommand(), KindPhase: (&PhaseChange{}).AsCommand(),
		KindRules: (&Rules{}).AsCommand(), KindLimit: (&Limit{}).AsCommand(),
	} {
		if c.Kind != want {
			t.Errorf("kind %d, want %d", c.Kind, want)
		}
	}
}

// A command is not read as something that it is not.
func TestOverlayOfAnotherKind(t *testing.T) {
	order := Command{Kind: KindNew}
	for name, read := range map[string]func(){
		"instrument": func() { order.AsInstrument() }, "phase": func() { order.AsPhaseChange() },
		"rules": func() { order.AsRules() }, "limit": func() { order.AsLimit() },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("an order was read as %s", name)
				}
			}()
			read()
		}()
	}
}

// Names are in files and on screens: each phase has its own, and none is a surprise.
func TestPhaseNames(t *testing.T) {
	seen := map[string]bool{}
	for p := range PhaseCount {
		if name := p.String(); name == "" || name == "unknown" || seen[name] {
			t.Errorf("phase %d is called %q", p, name)
		}
		seen[p.String()] = true
	}
	if got := Phase(math.MaxUint8).String(); got != "unknown" {
		t.Errorf("phase 255 is called %q", got)
	}
	if got := PhasePreOpenLimit.String(); got != "pre_open_limit" {
		t.Errorf("phase 3 is called %q", got)
	}
}
