package sim

import (
	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// disk keeps records in order. What is not synced may be lost in a crash, what is held waits for
// the sync of what was written before it.
type disk struct {
	records []batch3pc.Record
	images  [][]byte // the bodies of the records, if bytes are simulated
	synced  int
	held    []held
}

type held struct {
	behind int // records that have to be durable first
	f      *flight
}

func (d *disk) reset() {
	d.records, d.images, d.synced, d.held = d.records[:0], d.images[:0], 0, d.held[:0]
}

func (d *disk) copyFrom(o *disk) {
	d.records = append(d.records[:0], o.records...)
	d.held = append(d.held[:0], o.held...)
	d.synced = o.synced
}

func (d *disk) unsynced() int { return len(d.records) - d.synced }

// idle reports whether a sync would change nothing.
func (d *disk) idle() bool { return d.unsynced() == 0 && len(d.held) == 0 }

// append copies r out of the machine that made it.
func (d *disk) append(r *batch3pc.Record, m *memory, wire bool) {
	if wire {
		size := 128
		if r.Batch != nil {
			size += len(r.Batch.Payload)
		}
		d.images = append(d.images, codec.AppendRecord(m.take(size)[:0], r))
	}
	c := *r
	c.Batch = m.batch(r.Batch)
	d.records = append(d.records, c)
}

// cut keeps the first n records and nothing that waits.
func (d *disk) cut(n int) {
	d.records, d.held = d.records[:n], d.held[:0]
	if len(d.images) > n {
		d.images = d.images[:n]
	}
}

// replay hands every record to recover, through its bytes if these are simulated.
func (d *disk) replay(recover func(*batch3pc.Record) error) error {
	for i := range d.records {
		r := &d.records[i]
		if i < len(d.images) {
			var decoded batch3pc.Record
			var batch batch3pc.Batch
			if err := codec.DecodeRecord(uint8(r.Kind), d.images[i], &decoded, &batch); err != nil {
				return err
			}
			r = &decoded
		}
		if err := recover(r); err != nil {
			return err
		}
	}
	return nil
}
