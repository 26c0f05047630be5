package ringbuf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
)

// deathOfProducer is the memory of a ring whose producer died in the middle of publishing want: after so many of its
// stores. It is false if there are not so many. Those behind the payload are, in this order, the counter, the end, the
// header, that of the padding if there is some, and the position.
func deathOfProducer(t *testing.T, before []uint64, want []byte, stores int) (mem []byte, handed, ok bool) {
	t.Helper()
	mem = memory(512)
	copy(mem, castBytes(before))
	p := openFrames(t, mem)
	b := p.Claim(len(want))
	copy(b, want)
	begin, skip, from := p.producer.pos+p.skip, p.skip, p.producer.pos
	old := bytes.Clone(mem)
	p.Publish(len(want))
	at := func(pos uint64) int { return controlSize + int(pos&uint64(len(p.slab)-1)) }
	words := []int{136, at(p.producer.pos), at(begin)}
	if skip > 0 {
		words = append(words, at(from))
	}
	words = append(words, 128)
	if stores > len(words) {
		return nil, false, false
	}
	for _, w := range words[stores:] {
		copy(mem[w:w+8], old[w:w+8])
	}
	return mem, stores >= len(words)-1, true
}

func castBytes(words []uint64) (b []byte) {
	for _, w := range words {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

func wordsOf(mem []byte) (words []uint64) {
	for i := 0; i < len(mem); i += 8 {
		words = append(words, binary.LittleEndian.Uint64(mem[i:]))
	}
	return words
}

// A producer may die at any of its stores, and its successor may come before the consumer has taken what was handed over,
// or after that: nothing is lost, and nothing comes twice (I9).
func TestMemoryProducerDiesAnywhere(t *testing.T) {
	for lines := range 8 { // where in the slab it happens
		for _, want := range [][]byte{sized(40, 1), sized(64, 2), filled(30, 3), filled(100, 4), {}} {
			mem := memory(512)
			p, c := framesOn(t, mem), openFrames(t, mem)
			for range lines {
				copy(p.Claim(40), sized(40, 9))
				p.Publish(40)
				c.Peek()
				c.Release()
			}
			before := wordsOf(mem)
			for stores := 0; ; stores++ {
				found := false
				for _, taken := range []bool{false, true} {
					mem, handed, ok := deathOfProducer(t, before, want, stores)
					if found = ok; ok {
						name := fmt.Sprintf("at line %d, record of %d bytes, after %d stores, taken before %t", lines, len(want), stores, taken)
						successors(t, name, mem, want, handed, taken)
					}
				}
				if !found {
					break
				}
			}
		}
	}
}

// successors take over both sides; the record is there if it was handed over.
func successors(t *testing.T, name string, mem, want []byte, handed, taken bool) {
	t.Helper()
	var got [][]byte
	c := openFrames(t, mem)
	take := func() {
		for b := c.Peek(); b != nil; b = c.Peek() {
			got = append(got, bytes.Clone(b))
			c.Release()
		}
	}
	if taken {
		take()
	}
	p, err := OpenFrames(mem)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	next := sized(24, 7)
	b := p.Claim(24)
	if b == nil {
		t.Errorf("%s: the next producer gets no room: %v", name, p.Err())
		return
	}
	copy(b, next)
	p.Publish(24)
	if c, err = OpenFrames(mem); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	take()
	all := [][]byte{next}
	if handed {
		all = [][]byte{want, next}
	}
	if !slices.EqualFunc(got, all, bytes.Equal) {
		t.Errorf("%s: %x came out, want %x", name, got, all)
	}
}
