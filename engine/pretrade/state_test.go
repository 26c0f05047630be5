package pretrade

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/orderbook"
)

// sample has something of everything.
func sample(t tester) *Accounts {
	a := create(t, 4, 5)
	a.SetLimit(2, 21, 5000)
	a.SetLimit(1, 0, 9000)
	a.SetLimit(65535, 0, 1)
	p, q := open(t, a, 1, 11, 1), open(t, a, 1, 12, 7)
	a.Reserve(p, buy, 1000, 0)
	a.Reserve(p, sell, 2500, 1234)
	a.Trade(p, sell, 500, 400)
	a.Reserve(q, sell, 77, 65535)
	a.Trade(q, sell, 77, 70)
	a.Kill(1, 11, 0, true)
	a.Kill(0, 0, 9, true)
	return a
}

// P9: the same state, the same bytes, the same hash, the same answers, whatever the accounts held before.
func TestRestore(t *testing.T) {
	a := sample(t)
	state := a.AppendState([]byte("before"))
	if string(state[:6]) != "before" {
		t.Fatal("what was in the slice is gone")
	}
	state = state[6:]
	b := create(t, 4, 5)
	open(t, b, 9, 9, 9)
	b.SetLimit(9, 0, 9)
	b.Kill(9, 0, 0, true)
	for range 2 {
		if err := b.Restore(state); err != nil {
			t.Fatal(err)
		}
		check(t, b)
		if b.StateHash() != a.StateHash() || !bytes.Equal(b.AppendState(nil), state) {
			t.Fatal("another state")
		}
	}
	for _, c := range []*Accounts{a, b} {
		if p := open(t, c, 1, 12, 7); p != 2 {
			t.Fatalf("position %d", p)
		}
		if p := open(t, c, 2, 21, 1); p != 3 {
			t.Fatalf("position %d", p)
		}
		open(t, c, 2, 22, 1)
		if _, reason := c.Position(2, 23, 1); reason != orderbook.RejectAccounts {
			t.Fatalf("a fifth client: %v", reason)
		}
		c.Release(1, buy, 1000)
		if !c.Killed(1, 11, 5) || !c.Killed(4, 4, 9) || c.Killed(9, 9, 1) {
			t.Fatalf("switches %+v", c.switches.on)
		}
	}
	if a.StateHash() != b.StateHash() {
		t.Fatal("another future")
	}
}

// Every part of the state is in the hash.
func TestStateHashSeesEverything(t *testing.T) {
	seen := map[uint64]string{sample(t).StateHash(): "nothing"}
	for name, change := range map[string]func(a *Accounts){
		"account":         func(a *Accounts) { a.SetLimit(3, 31, 1); a.SetLimit(3, 31, 0) },
		"position":        func(a *Accounts) { open(t, a, 1, 11, 2) },
		"limit":           func(a *Accounts) { a.SetLimit(2, 21, 5001) },
		"member's limit":  func(a *Accounts) { a.SetLimit(7, 0, 1) },
		"reserved, free":  func(a *Accounts) { a.Reserve(1, buy, 1, 1234) },
		"reserved, other": func(a *Accounts) { a.Release(1, sell, 1) },
		"net":             func(a *Accounts) { a.Trade(1, buy, 0, 1) },
		"rate":            func(a *Accounts) { a.Reserve(1, buy, 0, 1235) },
		"switch":          func(a *Accounts) { a.Kill(0, 0, 9, false) },
		"another switch":  func(a *Accounts) { a.Kill(0, 9, 0, true) },
		"market":          func(a *Accounts) { a.Kill(0, 0, 0, true) },
	} {
		a := sample(t)
		change(a)
		h := a.StateHash()
		if other, ok := seen[h]; ok {
			t.Errorf("%s changes the hash as %s does", name, other)
		}
		seen[h] = name
	}
}

// What AppendState cannot have written is refused, and leaves nothing.
func TestRestoreRefuses(t *testing.T) {
	const account, position = headerSize, headerSize + 3*accountSize
	const limits = position + 2*positionSize
	const switches = limits + 2*limitSize
	le := binary.LittleEndian
	for _, c := range []struct {
		name   string
		want   string // in the error
		damage func(b []byte) []byte
	}{
		{"nothing", "0 bytes", func([]byte) []byte { return nil }},
		{"half a header", "43 bytes", func(b []byte) []byte { return b[:headerSize-1] }},
		{"cut off", "bytes behind", func(b []byte) []byte { return b[:len(b)-1] }},
		{"too long", "bytes behind", func(b []byte) []byte { return append(b, 0) }},
		{"version", "version 2", func(b []byte) []byte { b[0]++; return b }},
		{"other limits", "version 1", func(b []byte) []byte { b[4]++; return b }},
		{"more accounts", "bytes behind", func(b []byte) []byte { le.PutUint32(b[12:], 1<<32-1); return b }},
		{"account twice", "account 1:", func(b []byte) []byte { copy(b[account+accountSize:], b[account:account+accountSize]); return b }},
		{"negative limit", "account 0:", func(b []byte) []byte { b[account+accountSize-1] |= 0x80; return b }},
		{"unknown account", "account 3 of 3", func(b []byte) []byte { b[position] = 3; return b }},
		{"position twice", "position 2:", func(b []byte) []byte { copy(b[position+positionSize:], b[position:position+positionSize]); return b }},
		{"no rate", "margin 0", func(b []byte) []byte { b[position+8], b[position+9] = 0, 0; return b }},
		{"net too great", "out of range", func(b []byte) []byte { return fill(b, 2*exposureMax, 2*exposureMax, 0) }},
		{"net too small", "out of range", func(b []byte) []byte { return fill(b, math.MinInt64, 0, 0) }},
		{"bought below 0", "out of range", func(b []byte) []byte { return fill(b, 5, 4, -5) }},
		{"sold below 0", "out of range", func(b []byte) []byte { return fill(b, 5, 5, -6) }},
		{"up too far", "out of range", func(b []byte) []byte { return fill(b, 0, exposureMax+1, 0) }},
		{"down too far", "out of range", func(b []byte) []byte { return fill(b, 0, 0, exposureMax+1) }},
		{"member too far", "would use more", func(b []byte) []byte { return fill(b, 0, exposureMax, exposureMax) }},
		{"limit 0", "limit 0 is 0", func(b []byte) []byte { le.PutUint64(b[limits+2:], 0); return b }},
		{"member twice", "limit 1 is", func(b []byte) []byte { copy(b[limits+limitSize:], b[limits:limits+limitSize]); return b }},
		{"switches out of order", "switch 1:", func(b []byte) []byte { b[switches] = 5; return b }},
		{"switch twice", "switch 1:", func(b []byte) []byte { copy(b[switches:], b[switches+switchSize:]); return b }},
	} {
		a := sample(t)
		err := a.Restore(c.damage(a.AppendState(nil)))
		if !errors.Is(err, ErrState) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if a.StateHash() != create(t, 4, 5).StateHash() {
			t.Errorf("%s: something is left", c.name)
		}
		check(t, a)
	}

	// More than there is room for, though every number is in order.
	a := create(t, 1, 1)
	state := a.AppendState(nil)
	le.PutUint32(state[12:], 2)
	state = append(state, make([]byte, 2*accountSize)...)
	state[headerSize+accountSize] = 1
	if err := a.Restore(state); err == nil || !strings.Contains(err.Error(), "account 1:") {
		t.Errorf("two accounts in one: %v", err)
	}
}

// fill gives the first position of the sample a net and reaches, at the greatest rate.
func fill(b []byte, net, up, down int64) []byte {
	p := b[headerSize+3*accountSize+8:]
	binary.LittleEndian.PutUint16(p, math.MaxUint16)
	for i, v := range []int64{net, up, down} {
		binary.LittleEndian.PutUint64(p[2+8*i:], uint64(v))
	}
	return b
}

func FuzzRestore(f *testing.F) {
	f.Add(create(f, 4, 5).AppendState(nil))
	f.Add(sample(f).AppendState(nil))
	a := create(f, 4, 5)
	f.Fuzz(func(t *testing.T, data []byte) {
		err := a.Restore(data)
		check(t, a)
		if err == nil && !bytes.Equal(a.AppendState(nil), data) {
			t.Fatal("restored, but not what was read")
		}
	})
}
