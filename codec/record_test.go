package codec_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"unsafe"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// recordsOfEachKind has every field set to something else.
func recordsOfEachKind() []batch3pc.Record {
	var records []batch3pc.Record
	for kind := batch3pc.RecordBatch; kind <= batch3pc.RecordIdentity; kind++ {
		r := batch3pc.Record{
			Kind:   kind,
			Ballot: batch3pc.Ballot{Epoch: 0x0102030405060708, Node: 9, Boot: 0x0a0b0c0d},
			Seq:    0x1112131415161718, Chain: 0x2122232425262728,
		}
		if kind == batch3pc.RecordBatch || kind == batch3pc.RecordFill {
			r.Batch = &batch3pc.Batch{
				Seq: 0x31, Parent: 0x32, ParentChain: 0x33, Generation: 0x34, Count: 0x35,
				Digest: 0x36, Chain: 0x37, Payload: []byte("the payload"),
			}
		}
		switch kind {
		case batch3pc.RecordSnapshot:
			r.Attempt = batch3pc.Ballot{Epoch: 0x41, Node: 0x42, Boot: 0x43}
			r.PreCommitted = batch3pc.Position{Seq: 0x44, Chain: 0x45}
			r.Offset, r.Total, r.Digest, r.Chunk = 0x46, 0x47, 0x48, []byte("a piece")
		case batch3pc.RecordIdentity:
			r = batch3pc.Record{Kind: kind, Ballot: batch3pc.Ballot{Node: 9}, Incarnation: 0x5152535455565758}
		}
		records = append(records, r)
	}
	return records
}

func TestRecordRoundTrip(t *testing.T) {
	for _, want := range recordsOfEachKind() {
		body := codec.AppendRecord(nil, &want)
		var got batch3pc.Record
		var batch batch3pc.Batch
		if err := codec.DecodeRecord(uint8(want.Kind), body, &got, &batch); err != nil {
			t.Fatalf("kind %d: %v", want.Kind, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("kind %d: got %+v, want %+v", want.Kind, got, want)
		}
		head := codec.AppendRecordHead(nil, &want)
		if !bytes.Equal(append(head, codec.RecordPayload(&want)...), body) {
			t.Fatalf("kind %d: head and payload are not the body", want.Kind)
		}
	}
}

// TestRecordGolden pins the layout: these bytes are in journals.
func TestRecordGolden(t *testing.T) {
	r := recordsOfEachKind()[0]
	want := []byte{
		8, 7, 6, 5, 4, 3, 2, 1, 0xd, 0xc, 0xb, 0xa, 9, 0, 0, 0, // ballot
		0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11, 0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21, // seq, chain
		0x31, 0, 0, 0, 0, 0, 0, 0, 0x32, 0, 0, 0, 0, 0, 0, 0, 0x33, 0, 0, 0, 0, 0, 0, 0, // seq, parent, its chain
		0x36, 0, 0, 0, 0, 0, 0, 0, 0x37, 0, 0, 0, 0, 0, 0, 0, 0x34, 0, 0, 0, 0x35, 0, 0, 0, // digest, chain, generation, items
	}
	want = append(want, "the payload"...)
	if got := codec.AppendRecord(nil, &r); !bytes.Equal(got, want) {
		t.Fatalf("got  % x\nwant % x", got, want)
	}
	snapshot := recordsOfEachKind()[batch3pc.RecordSnapshot-1]
	want = append(want[:32:32],
		0x41, 0, 0, 0, 0, 0, 0, 0, 0x43, 0, 0, 0, 0x42, 0, 0, 0, // last attempt
		0x44, 0, 0, 0, 0, 0, 0, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, // pre-committed
		0x46, 0, 0, 0, 0, 0, 0, 0, 0x47, 0, 0, 0, 0, 0, 0, 0, 0x48, 0, 0, 0, 0, 0, 0, 0) // offset, total, digest
	want = append(want, "a piece"...)
	if got := codec.AppendRecord(nil, &snapshot); !bytes.Equal(got, want) {
		t.Fatalf("got  % x\nwant % x", got, want)
	}
	identity := recordsOfEachKind()[batch3pc.RecordIdentity-1]
	want = append(make([]byte, 12), 9, 0, 0, 0, 0x58, 0x57, 0x56, 0x55, 0x54, 0x53, 0x52, 0x51, 0, 0, 0, 0, 0, 0, 0, 0)
	if got := codec.AppendRecord(nil, &identity); !bytes.Equal(got, want) {
		t.Fatalf("got  % x\nwant % x", got, want)
	}
}

// TestRecordPayloadAligned checks that a payload in an aligned body is read without a copy.
func TestRecordPayloadAligned(t *testing.T) {
	payload := codec.AppendPayload(nil, &codec.Payload{FirstTrade: 1, Instruments: []codec.Instrument{{Instrument: 1}}})
	r := batch3pc.Record{Kind: batch3pc.RecordBatch, Batch: &batch3pc.Batch{Payload: payload}}
	body := codec.AppendRecord(make([]byte, 0, 1024), &r)
	var got batch3pc.Record
	var batch batch3pc.Batch
	if err := codec.DecodeRecord(uint8(r.Kind), body, &got, &batch); err != nil {
		t.Fatal(err)
	}
	p, err := codec.DecodePayload(batch.Payload, nil)
	if err != nil {
		t.Fatal(err)
	}
	if at := uintptr(unsafe.Pointer(&p.Instruments[0])) - uintptr(unsafe.Pointer(&body[0])); at >= uintptr(len(body)) {
		t.Fatal("the instruments do not alias the body")
	}
}

func TestRecordRefused(t *testing.T) {
	with := codec.AppendRecord(nil, &recordsOfEachKind()[0])
	without := codec.AppendRecord(nil, &recordsOfEachKind()[1])
	padded := bytes.Clone(without)
	padded[14] = 1
	cases := []struct {
		name string
		kind batch3pc.RecordKind
		body []byte
	}{
		{"kind 0", 0, without},
		{"kind 10", 10, without},
		{"snapshot without a piece", batch3pc.RecordSnapshot, make([]byte, 88)},
		{"snapshot with too much", batch3pc.RecordSnapshot, make([]byte, 89+batch3pc.SnapshotChunkMax)},
		{"snapshot padding", batch3pc.RecordSnapshot, append(make([]byte, 45), bytes.Repeat([]byte{1}, 50)...)},
		{"identity with a chain", batch3pc.RecordIdentity, append(make([]byte, 24), 1, 0, 0, 0, 0, 0, 0, 0)},
		{"identity with an epoch", batch3pc.RecordIdentity, append([]byte{1}, make([]byte, 31)...)},
		{"empty", batch3pc.RecordPromise, nil},
		{"one byte short", batch3pc.RecordPromise, without[:31]},
		{"one byte long", batch3pc.RecordPromise, append(bytes.Clone(without), 0)},
		{"batch where none belongs", batch3pc.RecordCommit, with},
		{"no batch where one belongs", batch3pc.RecordFill, without},
		{"batch cut", batch3pc.RecordBatch, with[:79]},
		{"padding", batch3pc.RecordPromise, padded},
	}
	for _, c := range cases {
		var r batch3pc.Record
		var b batch3pc.Batch
		if err := codec.DecodeRecord(uint8(c.kind), c.body, &r, &b); !errors.Is(err, codec.ErrRecord) {
			t.Errorf("%s: %v, want ErrRecord", c.name, err)
		}
	}
}

func TestRecordAllocates(t *testing.T) {
	records := recordsOfEachKind()
	buf := make([]byte, 0, 4096)
	var r batch3pc.Record
	var b batch3pc.Batch
	if n := testing.AllocsPerRun(100, func() {
		for i := range records {
			buf = codec.AppendRecord(buf[:0], &records[i])
			if err := codec.DecodeRecord(uint8(records[i].Kind), buf, &r, &b); err != nil {
				t.Fatal(err)
			}
		}
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func FuzzDecodeRecord(f *testing.F) {
	for _, r := range recordsOfEachKind() {
		f.Add(uint8(r.Kind), codec.AppendRecord(nil, &r))
	}
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		var r batch3pc.Record
		var b batch3pc.Batch
		if codec.DecodeRecord(kind, body, &r, &b) != nil {
			return
		}
		if got := codec.AppendRecord(nil, &r); uint8(r.Kind) != kind || !bytes.Equal(got, body) {
			t.Fatalf("kind %d: encoded again % x, was % x", r.Kind, got, body)
		}
	})
}
