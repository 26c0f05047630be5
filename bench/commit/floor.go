package commit

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Floor is what the machine gives without protocol, roles and checksums, measured with as many
// processes, sockets and files as the case has: half of it before the case and half after it, so that a
// machine that becomes faster or slower meanwhile does so for both.
type Floor struct {
	Decision Latency `json:"decision_us"`  // the same things as a decision: bytes out, answers, small out, synced answers; of one batch in flight
	Stream   float64 `json:"trades_per_s"` // a window of batches streamed, written, synced in groups, answered
}

// The floor's messages: u32 length of what follows; its first byte says what is wanted.
const (
	floorWrite = 2 // write to the file, answer
	floorSync  = 3 // answer when everything written is durable, or at once in a case that is not
	floorRest  = 4 // answer when everything written is durable, whatever the case: nothing is left for the disk to do
	floorHead  = 5
)

const floorAnswer = 232 // the size of a vote's frame

// Of each half. A thousand decisions and more in it have a 99th percentile; what queues in a window has no floor, and
// needs no decisions.
const (
	floorWarmup    = 100 * time.Millisecond
	floorDecisions = 750 * time.Millisecond
	floorStream    = 300 * time.Millisecond
)

// floor is the coordinator's side.
type floor struct {
	processes []*process
	conns     []net.Conn
	readers   []*bufio.Reader
	answer    []byte

	c                 *Case
	write, sync, rest []byte // the messages
	latency           *hdrhistogram.Histogram
	rounds            int // streamed
	streamed          time.Duration
}

// startFloor starts the processes of the floor of a case, whose batches are messages of so many bytes. Between
// two halves they sleep.
func startFloor(o *Options, c *Case, bytes int) (*floor, error) {
	f := &floor{
		c: c, answer: make([]byte, floorAnswer), latency: newHistogram(),
		write: floorMessage(floorWrite, bytes), sync: floorMessage(floorSync, floorAnswer), rest: floorMessage(floorRest, floorAnswer),
	}
	for i := range c.Participants {
		if err := f.connect(o, i); err != nil {
			return nil, errors.Join(err, f.end())
		}
	}
	return f, nil
}

func (f *floor) connect(o *Options, i int) error {
	p, err := startProcess(o.Command, specOf(o, f.c, i, true))
	if err != nil {
		return err
	}
	f.processes = append(f.processes, p)
	conn, err := net.Dial("tcp", p.addr)
	if err != nil {
		return err
	}
	f.conns = append(f.conns, conn)
	f.readers = append(f.readers, bufio.NewReaderSize(conn, 16<<10))
	return nil
}

// end ends the processes.
func (f *floor) end() (err error) {
	for _, conn := range f.conns {
		conn.Close()
	}
	for _, p := range f.processes {
		_, perr := p.end()
		err = errors.Join(err, perr)
	}
	return err
}

// half measures for about a second.
func (f *floor) half() error {
	if f.c.Window == 1 {
		if err := f.decide(); err != nil {
			return err
		}
	}
	if err := f.stream(f.c.Window); err != nil {
		return err
	}
	return f.ask(f.rest)
}

// sum is what the halves came to.
func (f *floor) sum() *Floor {
	return &Floor{
		Decision: latencyOf(f.latency),
		Stream:   float64(f.rounds) * float64(f.c.Trades) / f.streamed.Seconds(),
	}
}

func floorMessage(what byte, n int) []byte {
	b := make([]byte, max(n, floorHead))
	binary.LittleEndian.PutUint32(b, uint32(len(b)-4))
	b[4] = what
	return b
}

func (f *floor) send(m []byte) error {
	for _, conn := range f.conns {
		if _, err := conn.Write(m); err != nil {
			return err
		}
	}
	return nil
}

// take waits for an answer of each.
func (f *floor) take() error {
	for _, r := range f.readers {
		if _, err := io.ReadFull(r, f.answer); err != nil {
			return err
		}
	}
	return nil
}

// ask sends a message and waits until all have answered.
func (f *floor) ask(m []byte) error {
	if err := f.send(m); err != nil {
		return err
	}
	return f.take()
}

// decide takes the time of decisions, one after the other.
func (f *floor) decide() error {
	began := time.Now()
	for {
		begin := time.Now()
		if begin.Sub(began) > floorWarmup+floorDecisions {
			return nil
		}
		if err := f.ask(f.write); err != nil {
			return err
		}
		if err := f.ask(f.sync); err != nil {
			return err
		}
		if begin.Sub(began) > floorWarmup {
			_ = f.latency.RecordValue(int64(time.Since(begin))) // below a minute
		}
	}
}

// stream keeps a window of batches going through both steps, and counts how many come through. Everybody gets the
// same messages, so everybody owes the same number of answers. What is under way at the end is waited for.
func (f *floor) stream(window int) error {
	written, synced := make([]int, len(f.conns)), make([]int, len(f.conns))
	sent, asked, counted := 0, 0, 0
	began, warm, over := time.Now(), true, false
	for {
		done := slices.Min(synced)
		elapsed := time.Since(began)
		if warm && elapsed > floorWarmup {
			warm, began, elapsed, counted = false, time.Now(), 0, done
		}
		if !warm && !over && elapsed > floorStream {
			over = true
			f.rounds += done - counted
			f.streamed += elapsed
		}
		if over && done == sent {
			return nil
		}
		for ; sent < done+window && !over; sent++ {
			if err := f.send(f.write); err != nil {
				return err
			}
		}
		for ; asked < slices.Min(written); asked++ {
			if err := f.send(f.sync); err != nil {
				return err
			}
		}
		for i, r := range f.readers {
			if written[i] == sent && synced[i] == asked { // it owes nothing
				continue
			}
			if _, err := io.ReadFull(r, f.answer); err != nil {
				return err
			}
			if f.answer[0] == floorSync {
				synced[i]++
			} else {
				written[i]++
			}
		}
	}
}
