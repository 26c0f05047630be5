package proxy

import (
	"bytes"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers every connection with what it sends.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); c.Close() }()
		}
	}()
	return l.Addr().String()
}

func start(t *testing.T, o Options) *Proxy {
	t.Helper()
	o.Listen = "127.0.0.1:0"
	p, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func dial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial(map[string]string{TCP: "tcp", Tezi: "tcp", UDP: "udp"}[p.o.Network], p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestStreamPasses(t *testing.T) {
	p := start(t, Options{Network: "tcp", Target: echo(t), Up: Rules{Delay: time.Millisecond, Jitter: time.Millisecond, Rate: 100 << 20}})
	c := dial(t, p)
	sent := bytes.Repeat([]byte("0123456789"), 20_000)
	go func() { _, _ = c.Write(sent); _ = c.(*net.TCPConn).CloseWrite() }()
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%v, or other bytes came back", err)
	}
	if s := p.Stats(); s.Up.Bytes != uint64(len(sent)) || s.Connections != 1 {
		t.Errorf("stats %+v", s)
	}
}

func TestStreamFlipsAndBreaks(t *testing.T) {
	p := start(t, Options{Network: "tcp", Target: echo(t), Up: Rules{Flip: 1}})
	c := dial(t, p)
	if _, err := c.Write([]byte{0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 3)
	if _, err := io.ReadFull(c, got); err != nil || bytes.Equal(got, []byte{0, 0, 0}) {
		t.Errorf("got % x, %v, want one bit inverted", got, err)
	}
	p = start(t, Options{Network: "tcp", Target: echo(t), Down: Rules{Drop: 1}})
	c = dial(t, p)
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(got); err == nil {
		t.Errorf("%d bytes came through a connection that breaks", n)
	}
}

// TestDatagrams: the same seed, the same fate of each datagram.
func TestDatagrams(t *testing.T) {
	target, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	var first Counts
	for try := range 2 {
		p := start(t, Options{Network: "udp", Target: target.LocalAddr().String(), Seed: 3, Up: Rules{Drop: 0.3, Dup: 0.3}})
		c := dial(t, p)
		const n = 200
		buffer := make([]byte, 100)
		for range n {
			before := p.Stats().Up
			if _, err := c.Write([]byte("hello")); err != nil {
				t.Fatal(err)
			}
			for p.Stats().Up.Pieces == before.Pieces {
				time.Sleep(50 * time.Microsecond) // until the proxy has it
			}
			after := p.Stats().Up
			if after.Dropped > before.Dropped {
				continue
			}
			if _, _, err := target.ReadFrom(buffer); err != nil {
				t.Fatal(err)
			}
			if p.Stats().Up.Duplicated > before.Duplicated {
				if _, _, err := target.ReadFrom(buffer); err != nil {
					t.Fatal(err)
				}
			}
		}
		got := p.Stats().Up
		if got.Dropped < 20 || got.Duplicated < 20 {
			t.Errorf("%+v: the rules did nothing", got)
		}
		if try == 0 {
			first = got
		} else if got != first {
			t.Errorf("the same seed gave %+v and %+v", first, got)
		}
	}
}

func TestParseRules(t *testing.T) {
	r, err := ParseRules("drop=0.5,dup=1,flip=0,delay=5ms,jitter=1ms,rate=1000,cut")
	if want := (Rules{Drop: 0.5, Dup: 1, Delay: 5e6, Jitter: 1e6, Rate: 1000, Cut: true}); err != nil || r != want {
		t.Errorf("%+v, %v", r, err)
	}
	for text, want := range map[string]Mark{
		"hold=precommit@10": {Kind: "PreCommit", At: 10}, "hold=generation@2": {Kind: Generation, At: 2}, "pass=DoCommit@1": {Kind: DoCommit, At: 1, After: true}, "hold=StateReq@2": {Kind: "StateReq", At: 2},
	} {
		if r, err := ParseRules(text); err != nil || r.Hold != want {
			t.Errorf("%q: %+v, %v", text, r.Hold, err)
		}
	}
	for _, bad := range []string{"hold", "hold=PreCommit", "hold=PreCommit@0", "pass=Kind(0)@1", "hold=Hello@1", "drop=2", "drop=x", "loss=1", "delay=-1s", "rate=-1", "dup", ","} {
		if _, err := ParseRules(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestCountsAgree: whoever sees that a piece has come sees what has become of it. TestDatagrams once waited for one that was lost.
func TestCountsAgree(t *testing.T) {
	const n = 100_000
	l := newLane(Rules{Drop: 1}, 1, 1, nil)
	go func() {
		for range n {
			l.decide(nil, time.Time{}, true, false)
		}
	}()
	for c := (Counts{}); c.Pieces < n; {
		if c = l.counts(); c.Dropped != c.Pieces {
			t.Fatalf("%d of %d pieces are lost, want all", c.Dropped, c.Pieces)
		}
	}
}

// TestReleaseKeepsNewRules: rules that are set while a hold is ended are in force afterwards, whichever came first.
func TestReleaseKeepsNewRules(t *testing.T) {
	l := newLane(Rules{}, 1, 1, nil)
	var stop atomic.Bool
	var releases sync.WaitGroup
	defer releases.Wait()
	defer stop.Store(true)
	releases.Go(func() {
		for !stop.Load() {
			l.release()
		}
	})
	for i := range time.Duration(500_000) {
		l.change(Rules{Delay: i})
		l.mu.Lock()
		got := l.rules.Delay
		l.mu.Unlock()
		if got != i {
			t.Fatalf("a delay of %v is in force, want %v, which was set last", got, i)
		}
	}
}

// TestNothingDoubledInAStream: what a stream cannot do is not counted as done.
func TestNothingDoubledInAStream(t *testing.T) {
	p := start(t, Options{Network: "tcp", Target: echo(t), Up: Rules{Dup: 1}})
	c := dial(t, p)
	got := make([]byte, 5)
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "hello" {
		t.Fatalf("%q, %v", got, err)
	}
	if s := p.Stats(); s.Up.Duplicated != 0 || s.Up.Pieces == 0 {
		t.Errorf("%+v: nothing was sent twice", s.Up)
	}
}

// TestNoTarget: a client that cannot be forwarded is counted, and the reason is told once.
func TestNoTarget(t *testing.T) {
	var reasons []error
	p := start(t, Options{Network: "tcp", Target: "127.0.0.1:99999", Trouble: func(err error) { reasons = append(reasons, err) }})
	for range 3 {
		if _, err := dial(t, p).Read(make([]byte, 1)); err == nil {
			t.Error("there was something to read")
		}
	}
	s := p.Stats()
	p.Close() // and then the goroutine that told is gone
	if s.Failed != 3 || s.Connections != 0 || len(reasons) != 1 {
		t.Errorf("%+v, told %v, want 3 that failed for one reason", s, reasons)
	}
}

func TestCutHasNoValue(t *testing.T) {
	if r, err := ParseRules("cut=false"); err == nil {
		t.Errorf("%+v, want an error", r)
	}
}
