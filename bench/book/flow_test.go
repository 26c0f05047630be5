package book

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/orderbook/booktest"
)

var (
	flowName = flag.String("flow", "", "what TestFlow writes: a scenario of Referee, or market-N with N live orders")
	flowFile = flag.String("to", "", "the file that TestFlow writes it to")
)

// outcome is what a flow leads to, for whoever replays it: the fills, and a hash over all of them in order.
type outcome struct {
	trades, quantity, hash uint64
}

// fill adds a fill: FNV-1a, with a word where FNV has a byte.
func (o *outcome) fill(maker, taker orderbook.OrderID, price orderbook.Price, qty orderbook.Qty) {
	if o.trades == 0 {
		o.hash = 0xcbf29ce484222325
	}
	o.trades++
	o.quantity += uint64(qty)
	for _, word := range []uint64{uint64(maker), uint64(taker), uint64(price), uint64(qty)} {
		o.hash = (o.hash ^ word) * 0x100000001b3
	}
}

// write writes a round for one book with foreign numbers as text, for other engines to replay. A line is a
// message, and has a word for what it is, the order's number, and but for a cancel side, price and quantity:
//
//	new 17 buy 99990 55     ioc is one that never rests
//	modify 17 buy 99991 55  a cancel and a new order of the same number, if it rests
//	keep 17 buy 99990 55    a modify that changes nothing: here an order keeps its place then
//	cancel 17               if it rests
//	begin                   what came before is there at the start, and not measured
//	end 900 30000 4711      how many fills, how many shares, the hash of all fills
func (r *round) write(w io.Writer) error {
	if r.books != 1 || r.own {
		return fmt.Errorf("%d books, own numbers %v: want one book and foreign ones", r.books, r.own)
	}
	d := r.open()
	defer d.Close()
	var out outcome
	line := bufio.NewWriter(w)
	for i, m := range append(r.prefill[:len(r.prefill):len(r.prefill)], r.messages...) {
		if i == len(r.prefill) {
			fmt.Fprintln(line, "begin")
		}
		rests, known := d.books[0].Lookup(m.ID)
		switch {
		case m.Kind == codec.KindCancel:
			fmt.Fprintln(line, "cancel", m.ID)
		case m.Kind == codec.KindModify && known && rests.Price == m.Price && rests.Qty == m.Qty:
			fmt.Fprintln(line, "keep", m.ID, m.Side, m.Price, m.Qty)
		case m.Kind == codec.KindModify && known && rests.Price == m.Price && m.Qty < rests.Qty:
			return fmt.Errorf("message %d only makes an order smaller, which keeps its place", i)
		case m.Kind == codec.KindModify:
			fmt.Fprintln(line, "modify", m.ID, m.Side, m.Price, m.Qty)
		case m.TIF == orderbook.IOC:
			fmt.Fprintln(line, "ioc", m.ID, m.Side, m.Price, m.Qty)
		default:
			fmt.Fprintln(line, "new", m.ID, m.Side, m.Price, m.Qty)
		}
		d.used, d.Reports = 0, 0
		if d.Do(d.books[0], &m.Message); d.Reports != 0 {
			return fmt.Errorf("message %d leads to more reports than are at hand", i)
		}
		for _, r := range d.slots[:d.used] {
			if r.Kind() == Traded {
				out.fill(r.Maker, r.Order, r.Price, r.Qty)
			}
		}
	}
	fmt.Fprintln(line, "end", out.trades, out.quantity, out.hash)
	return line.Flush()
}

// replay does with a naive book what write says that others are to do, and returns what came of it and what the
// last line says.
func replay(t *testing.T, text io.Reader) (got, want outcome, words map[string]int) {
	book, words := booktest.NewNaive(1<<16), map[string]int{}
	fills := make([]orderbook.Fill, 0, fillsMax)
	for lines := bufio.NewScanner(text); lines.Scan(); {
		var word, side string
		var o orderbook.Order
		if strings.HasPrefix(lines.Text(), "end") {
			fmt.Sscan(lines.Text(), &word, &want.trades, &want.quantity, &want.hash)
			continue
		}
		fmt.Sscan(lines.Text(), &word, &o.ID, &side, &o.Price, &o.Qty)
		words[word]++
		o.Side = map[string]orderbook.Side{"buy": orderbook.Buy, "sell": orderbook.Sell}[side]
		fills = fills[:0]
		switch word {
		case "ioc":
			o.TIF = orderbook.IOC
			fills, _ = book.Add(&o, fills)
		case "new":
			fills, _ = book.Add(&o, fills)
		case "cancel":
			book.Cancel(o.ID)
		case "modify":
			if book.Cancel(o.ID).Reject == orderbook.Accepted {
				fills, _ = book.Add(&o, fills)
			}
		case "keep", "begin":
		default:
			t.Fatalf("line %q", lines.Text())
		}
		for _, f := range fills {
			got.fill(f.Maker, o.ID, f.Price, f.Qty)
		}
	}
	return got, want, words
}

// TestFlow writes the flow of -flow to the file -to. Without them it lets a slow and obvious book replay short
// ones, by no more than what a line says, and the outcome must be the one in the last line.
func TestFlow(t *testing.T) {
	if *flowName != "" {
		writeFlow(t, *flowName, *flowFile)
		return
	}
	trading := market{live: 300, books: 1}.round(20_000)
	quoting := refereeRound(workload.Referee{Scenario: workload.FlashCrash, Seed: 3, Orders: 3_000}.Messages(), false)
	for name, r := range map[string]*round{"market": &trading, "referee": quoting} {
		t.Run(name, func(t *testing.T) {
			var text bytes.Buffer
			if err := r.write(&text); err != nil {
				t.Fatal(err)
			}
			got, want, words := replay(t, &text)
			if got != want {
				t.Errorf("replayed to %+v, want %+v", got, want)
			}
			if got.trades < 100 || words["begin"] != 1 || words["modify"] < 100 || words["cancel"] < 1_000 ||
				(name == "market") != (words["keep"] > 10) || (name == "referee") != (words["ioc"] > 100) {
				t.Errorf("%+v of %v", got, words)
			}
		})
	}
}

func writeFlow(t *testing.T, name, file string) {
	var r *round
	for _, s := range workload.Scenarios() {
		if s.String() == name {
			r = refereeRound(workload.Referee{Scenario: s, Seed: s.Seed(), Orders: refereeOrders}.Messages(), false)
		}
	}
	if r == nil {
		m := market{books: 1}
		if n, _ := fmt.Sscanf(name, "market-%d", &m.live); n != 1 || m.live < 1 {
			t.Fatalf("no flow %q", name)
		}
		drawn := m.round(marketMessages)
		r = &drawn
	}
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.write(out); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}
