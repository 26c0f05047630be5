package commit

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Floor is what the machine gives without protocol, roles and checksums, measured with as many
// processes, sockets and files as the case has.
type Floor struct {
	FanOut   Latency `json:"fan_out_us"`   // a batch's bytes to each participant, a small answer of each
	Small    Latency `json:"small_us"`     // a small message to each, a small answer of each
	Sync     Latency `json:"sync_us"`      // write and fdatasync of a batch's bytes, alone; 0 if not durable
	Decision Latency `json:"decision_us"`  // the same things as a decision: bytes out, answers, small out, synced answers
	Stream   float64 `json:"trades_per_s"` // a window of batches streamed, written, synced in groups, answered
}

// The floor's messages: u32 length of what follows; its first byte says what is wanted.
const (
	floorEcho  = 1 // answer
	floorWrite = 2 // write to the file, answer
	floorSync  = 3 // answer when everything written is durable
	floorHead  = 5
)

const floorAnswer = 232 // the size of a vote's frame

// floor is the coordinator's side.
type floor struct {
	processes []*process
	conns     []net.Conn
	readers   []*bufio.Reader
	answer    []byte
}

// MeasureFloor measures the floor of a case in about a second.
func MeasureFloor(o *Options, c *Case) (Floor, error) {
	f := &floor{answer: make([]byte, floorAnswer)}
	res, err := f.measure(o, c)
	for _, conn := range f.conns {
		conn.Close()
	}
	for _, p := range f.processes {
		_, perr := p.end()
		err = errors.Join(err, perr)
	}
	return res, err
}

const floorTime = 300 * time.Millisecond

func (f *floor) measure(o *Options, c *Case) (res Floor, err error) {
	for i := range c.Participants {
		p, err := startProcess(o.Command, specOf(o, c, i, true))
		if err != nil {
			return res, err
		}
		f.processes = append(f.processes, p)
		conn, err := net.Dial("tcp", p.addr)
		if err != nil {
			return res, err
		}
		f.conns = append(f.conns, conn)
		f.readers = append(f.readers, bufio.NewReaderSize(conn, 16<<10))
	}
	bytes := c.batchBytes()
	echo, small, write, sync := floorMessage(floorEcho, bytes), floorMessage(floorEcho, floorAnswer), floorMessage(floorWrite, bytes), floorMessage(floorSync, floorAnswer)
	if res.FanOut, err = f.rounds(echo); err != nil {
		return res, err
	}
	if res.Small, err = f.rounds(small); err != nil {
		return res, err
	}
	if res.Decision, err = f.rounds(write, sync); err != nil {
		return res, err
	}
	if c.Durable {
		if res.Sync, err = measureSync(o.Dir, bytes); err != nil {
			return res, err
		}
	}
	rounds, err := f.stream(c.Window, write, sync)
	res.Stream = rounds * float64(c.Trades)
	return res, err
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

// rounds sends the messages one after the other, each when the one before was answered by all.
func (f *floor) rounds(messages ...[]byte) (Latency, error) {
	h := newHistogram()
	for warm, end := true, time.Now().Add(floorTime/3); ; {
		begin := time.Now()
		if begin.After(end) {
			if !warm {
				return latencyOf(h), nil
			}
			warm, end = false, begin.Add(floorTime)
			h.Reset()
		}
		for _, m := range messages {
			if err := f.send(m); err != nil {
				return Latency{}, err
			}
			if err := f.take(); err != nil {
				return Latency{}, err
			}
		}
		_ = h.RecordValue(int64(time.Since(begin))) // below a minute
	}
}

// stream keeps a window of batches going through both steps, and returns how many come through in a
// second. Everybody gets the same messages, so everybody owes the same number of answers.
func (f *floor) stream(window int, write, sync []byte) (float64, error) {
	written, synced := make([]int, len(f.conns)), make([]int, len(f.conns))
	sent, asked, counted := 0, 0, 0
	began, warm := time.Now(), true
	for {
		done := slices.Min(synced)
		elapsed := time.Since(began)
		if warm && elapsed > floorTime/3 {
			warm, began, elapsed, counted = false, time.Now(), 0, done
		}
		if !warm && elapsed > 2*floorTime {
			return float64(done-counted) / elapsed.Seconds(), nil
		}
		for ; sent < done+window; sent++ {
			if err := f.send(write); err != nil {
				return 0, err
			}
		}
		for ; asked < slices.Min(written); asked++ {
			if err := f.send(sync); err != nil {
				return 0, err
			}
		}
		for i, r := range f.readers {
			if _, err := io.ReadFull(r, f.answer); err != nil {
				return 0, err
			}
			if f.answer[0] == floorSync {
				synced[i]++
			} else {
				written[i]++
			}
		}
	}
}

// measureSync times write and fdatasync of so many bytes in a file that does not grow.
func measureSync(dir string, bytes int) (Latency, error) {
	file, err := reservedFile(filepath.Join(dir, "floor-sync"))
	if err != nil {
		return Latency{}, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	h, block, at := newHistogram(), make([]byte, bytes), int64(0)
	for end := time.Now().Add(floorTime); time.Now().Before(end); {
		begin := time.Now()
		if _, err := file.WriteAt(block, at); err != nil {
			return Latency{}, err
		}
		if err := fdatasync(file); err != nil {
			return Latency{}, err
		}
		_ = h.RecordValue(int64(time.Since(begin)))
		if at += int64(bytes); at+int64(bytes) > floorFile {
			at = 0
		}
	}
	return latencyOf(h), nil
}
