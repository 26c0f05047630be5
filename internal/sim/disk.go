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

	hole         int          // record that cannot be read, plus 1
	checkpoint   int          // where the last checkpoint begins in records
	checkpointAt batch3pc.Seq // what was applied then; 0: there is none to cut at
	checkpointed int          // records up to its end
}

type held struct {
	behind int // records that have to be durable first
	f      *flight
}

func (d *disk) reset() {
	*d = disk{records: d.records[:0], images: d.images[:0], held: d.held[:0]}
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
		size := 256 + len(r.Chunk)
		if r.Batch != nil {
			size += len(r.Batch.Payload)
		}
		d.images = append(d.images, codec.AppendRecord(m.take(size)[:0], r))
	}
	c := *r
	c.Batch, c.Chunk = m.batch(r.Batch), m.clone(r.Chunk)
	d.records = append(d.records, c)
}

// cut keeps the first n records and nothing that waits.
func (d *disk) cut(n int) {
	d.records, d.held, d.checkpointAt = d.records[:n], d.held[:0], 0
	if d.hole > n {
		d.hole = 0
	}
	if len(d.images) > n {
		d.images = d.images[:n]
	}
}

// truncate cuts the log in front of its last checkpoint.
func (d *disk) truncate() {
	n := d.checkpoint
	d.records = append(d.records[:0], d.records[n:]...)
	if len(d.images) > 0 {
		d.images = append(d.images[:0], d.images[n:]...)
	}
	d.synced -= n
	for i := range d.held {
		d.held[i].behind -= n
	}
	d.checkpointAt, d.hole = 0, max(0, d.hole-n)
}

// replay hands every record to recover, through its bytes if these are simulated, and the one that
// cannot be read to hole.
func (d *disk) replay(recover func(*batch3pc.Record) error, hole func()) error {
	for i := range d.records {
		if i+1 == d.hole {
			hole()
			continue
		}
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
