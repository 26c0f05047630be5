package transport

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// wantShared checks whether the session that is up goes through memory.
func wantShared(t *testing.T, want bool, ends ...end) {
	t.Helper()
	for i, e := range ends {
		if (e.shared != nil) != want {
			t.Errorf("end %d: shared memory %t, want %t", i, e.shared != nil, want)
		}
	}
}

// sharedNames are those of memory that a process has made for our cast: other tests have the same cast at the same time.
func sharedNames(pid int) []string {
	names, _ := filepath.Glob(fmt.Sprintf("%s/tezi-%d-%d-%d-%d-*", sharedDir, cluster, engine.Node, risk.Node, pid))
	return names
}

// The session goes through the memory, and the name of the memory is gone as soon as both have it.
func TestShared(t *testing.T) {
	a, b := overShared(t, ringCap)
	a.take(EventUp)
	b.take(EventUp)
	wantShared(t, true, a, b)
	if names := sharedNames(os.Getpid()); len(names) > 0 {
		t.Errorf("%v is still there", names)
	}
	for i := range uint64(1000) { // more than a ring holds, both ways, with everybody asleep in between
		a.send(i, 1000+int(i))
		b.receive(i, 1000+int(i))
		b.send(i, 64)
		a.receive(i, 64)
	}
	if s := a.Stats(); s.FramesOut != 1000 || s.FramesIn != 1000 || s.BytesIn != 64_000 {
		t.Errorf("%+v, want 1000 frames each way", s)
	}
}

// An Up that was looked at and not released is still the next event, whatever has come into the memory meanwhile.
func TestSharedUpComesFirst(t *testing.T) {
	a, b := overShared(t, ringCap)
	a.take(EventUp)
	b.await(EventUp)
	a.send(1, 100)
	until(t, func() bool { return b.shared.in.Len() > 0 })
	b.take(EventUp)
	b.receive(1, 100)
}

// A frame that is published quietly leaves a peer asleep, which finds it all the same, and in its place.
func TestSharedQuietly(t *testing.T) {
	if sleeper() == nil {
		t.Skip("the kernel cannot put anybody to sleep on several words")
	}
	a, b := overShared(t, ringCap)
	a.take(EventUp)
	b.take(EventUp)
	const asleep = 2 // what a bell shows while its user sleeps in the kernel
	a.shared.asleep.Store(asleep)
	makeFrame(b.Claim(100), 1)
	b.PublishQuietly(100)
	if a.shared.asleep.Load() != asleep {
		t.Error("a quiet frame has woken the peer up")
	}
	b.send(2, 200)
	if a.shared.asleep.Load() == asleep {
		t.Error("the next frame has not woken the peer up")
	}
	a.receive(1, 100)
	a.receive(2, 200)
	if s := b.Stats(); s.FramesOut != 2 || s.BytesOut != 300 {
		t.Errorf("%+v, want 2 frames of 300 bytes counted", s)
	}
}

// What was published before the end is read before the Down (I2), however the peer has gone.
func TestSharedFramesBeforeDown(t *testing.T) {
	a, b := overShared(t, ringCap)
	a.take(EventUp)
	b.take(EventUp)
	for i := range uint64(10) {
		a.send(i, 500)
	}
	a.Close()
	for i := range uint64(10) {
		b.receive(i, 500)
	}
	b.take(EventDown)
	wantShared(t, false, b)
}

// Without memory to share the session goes over the connection, and the log says why, once.
func TestSharedFallsBack(t *testing.T) {
	log := &journal{}
	times := quick
	times.shareDir = filepath.Join(t.TempDir(), "none")
	b, n := listenRisk(t, "127.0.0.1:0", ringCap, nil)
	a := dialShared(t, n.Addr().String(), ringCap, log.logger(), times)
	a.take(EventUp)
	b.take(EventUp)
	wantShared(t, false, a, b)
	a.send(1, 100)
	b.receive(1, 100)
	if lines := log.with("no shared memory"); len(lines) != 1 || !strings.Contains(lines[0], "no such file") {
		t.Errorf("log %q, want one line that says why", lines)
	}
}

// A peer that cannot open the memory, because it is elsewhere, says so and is served over the connection.
func TestSharedDeclined(t *testing.T) {
	log := &journal{}
	times := quick
	times.shareDir = t.TempDir() // the listener looks in /dev/shm
	b, n := listenRisk(t, "127.0.0.1:0", ringCap, nil)
	a := dialShared(t, n.Addr().String(), ringCap, log.logger(), times)
	a.take(EventUp)
	b.take(EventUp)
	wantShared(t, false, a, b)
	a.send(1, 100)
	b.receive(1, 100)
	if lines := log.with("no shared memory"); len(lines) != 1 || !strings.Contains(lines[0], "risk (node 2) says") {
		t.Errorf("log %q, want one line with the listener's reason", lines)
	}
	if names, _ := filepath.Glob(times.shareDir + "/*"); len(names) > 0 {
		t.Errorf("%v is still there", names)
	}
}

// A connection that is lost before the offer is out leaves no name behind.
func TestSharedOfferLost(t *testing.T) {
	dir := t.TempDir()
	n, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	conn, err := net.Dial("tcp", n.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(ListenOptions{Hello: engine, Header: header, Want: risk, OutCap: ringCap, InCap: ringCap, Bell: newBell()}, quick)
	w.shareDir = dir
	p := newPeer(w, conn.(*net.TCPConn))
	if !p.makeShared() {
		t.Skip("no memory to share")
	}
	conn.Close()
	if err := p.offerShared(); err == nil {
		t.Error("an offer went over a closed connection")
	}
	p.hangUp()
	if names, _ := filepath.Glob(dir + "/*"); len(names) > 0 {
		t.Errorf("%v is still there", names)
	}
}

// Memory of a dead process is removed; that of a live one is not.
func TestSharedRemovesStale(t *testing.T) {
	dir := t.TempDir()
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	stale := fmt.Sprintf("tezi-7-1-2-%d-00", dead.Process.Pid)
	live := fmt.Sprintf("tezi-7-1-2-%d-00", os.Getpid())
	other := fmt.Sprintf("tezi-7-1-3-%d-00", dead.Process.Pid)
	for _, name := range []string{stale, live, other} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	removeStale(dir, "tezi-7-1-2-")
	for name, want := range map[string]bool{stale: false, live: true, other: true} {
		if _, err := os.Stat(filepath.Join(dir, name)); errors.Is(err, os.ErrNotExist) == want {
			t.Errorf("%s: there %t, want %t", name, !want, want)
		}
	}
}

// An offer that is not what it says is declined: nobody is made to map or to write anything.
func TestSharedOffers(t *testing.T) {
	dir := t.TempDir()
	good := offer{token: 5, out: 1 << 10, in: 1 << 10}
	s, err := good.create(dir, "tezi-")
	if err != nil {
		t.Fatal(err)
	}
	defer s.drop()
	if back, err := decodeOffer(good.append(nil)); err != nil || back != good {
		t.Fatalf("%+v, %v, want %+v", back, err, good)
	}
	for name, change := range map[string]func(o *offer){
		"token":  func(o *offer) { o.token++ },
		"size":   func(o *offer) { o.in *= 2 },
		"path":   func(o *offer) { o.name = "../" + o.name },
		"prefix": func(o *offer) { o.name = "x" + o.name },
		"name":   func(o *offer) { o.name += "0" },
	} {
		bad := good
		change(&bad)
		if s, err := bad.open(dir); err == nil {
			s.drop()
			t.Errorf("%s: opened", name)
		}
	}
	for _, b := range [][]byte{nil, make([]byte, 23), append(make([]byte, 8), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"...)} {
		if _, err := decodeOffer(b); !errors.Is(err, errOffer) {
			t.Errorf("offer % x: %v, want errOffer", b, err)
		}
	}
	mine, err := good.open(dir)
	if err != nil {
		t.Fatal(err)
	}
	mine.drop()
}

// Memory that another user could cut short, which would end us where we touch it, is declined; so is a name that leads
// elsewhere.
func TestSharedOfStrangers(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"another user":     func(path string) error { return os.Chown(path, 65534, -1) },
		"others may write": func(path string) error { return os.Chmod(path, 0o606) },
		"a link": func(path string) error {
			return errors.Join(os.Rename(path, path+".there"), os.Symlink(path+".there", path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, o := t.TempDir(), offer{token: 5, out: 1 << 10, in: 1 << 10}
			s, err := o.create(dir, "tezi-")
			if err != nil {
				t.Fatal(err)
			}
			defer s.drop()
			if err := spoil(filepath.Join(dir, o.name)); errors.Is(err, os.ErrPermission) {
				t.Skip("only root may give a file away")
			} else if err != nil {
				t.Fatal(err)
			}
			if s, err := o.open(dir); err == nil {
				s.drop()
				t.Error("opened")
			}
		})
	}
}

// A peer whose word says again and again that it waits for a byte, and which reads none, does not hold the user up (I4).
func TestSharedBytesUnread(t *testing.T) {
	n, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	conn, err := net.Dial("tcp", n.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	peer, err := n.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	o := offer{out: 1 << 10, in: 1 << 10}
	s, err := o.create(t.TempDir(), "tezi-")
	if err != nil {
		t.Fatal(err)
	}
	defer s.drop()
	s.conn = conn.(*net.TCPConn)
	theirs, err := o.join(s.memory)
	if err := errors.Join(err, s.conn.SetWriteBuffer(1), peer.SetReadBuffer(1)); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 50_000 { // bytes are far more than the system takes
			theirs.asleep.Store(1)
			s.claim(8)
			s.publish(8)
			theirs.in.Peek()
			theirs.in.Release()
		}
	}()
	select {
	case <-done:
	case <-time.After(patience):
		t.Error("the user waits for the peer")
		peer.Close()
		<-done
	}
}

// A bad frame ends the session, is counted under its reason, and the next session has fresh memory.
func TestSharedBadFrame(t *testing.T) {
	a, b := overShared(t, ringCap)
	var want [BadReasonCount]uint64
	for i, d := range damages {
		frame := d.spoil(newFrame(6, 900))
		if d.reason == BadTooLarge {
			continue // the ring is as large here as it is there
		}
		a.take(EventUp)
		b.take(EventUp)
		wantShared(t, true, a, b)
		a.send(uint64(i), 100)
		copy(a.Claim(len(frame)), frame)
		a.Publish(len(frame))
		b.receive(uint64(i), 100)
		b.take(EventDown)
		a.take(EventDown)
		want[d.reason]++
		if got := b.Stats(); got.Bad != want {
			t.Errorf("%s: counted %v, want %v", d.name, got.Bad, want)
		}
	}
}

// TestSharedClosedByPeer: a ring that the other side's memory says is closed takes nothing more for ever, so the
// session ends, and the next one has another.
func TestSharedClosedByPeer(t *testing.T) {
	a, b := overShared(t, ringCap)
	a.take(EventUp)
	b.take(EventUp)
	wantShared(t, true, a, b)
	b.shared.in.Close()
	if a.trySend(1, 100) {
		t.Error("a closed ring takes a frame")
	}
	a.take(EventDown)
	b.take(EventDown)
	a.take(EventUp)
	b.take(EventUp)
	a.send(2, 100)
	b.receive(2, 100)
}

// echoProcess is a process that answers frames until it is killed.
func echoProcess(t *testing.T, command, addr string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], command, addr)
	cmd.Stderr = os.Stderr
	t.Cleanup(func() {
		if cmd.Process != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return cmd
}

// startEcho starts one that listens on addr.
func startEcho(t *testing.T, addr string) (*exec.Cmd, string) {
	t.Helper()
	cmd := echoProcess(t, echoCommand, addr)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSpace(line)
}

// A peer that is killed while frames fly is noticed, whichever side it is, and comes back on fresh memory; nothing stays in
// /dev/shm.
func TestSharedSurvivesKill(t *testing.T) {
	needShared(t)
	t.Run("listener", func(t *testing.T) {
		peer, addr := startEcho(t, "127.0.0.1:0")
		a := dialShared(t, addr, ringCap, nil, quick)
		surviveKills(t, a, peer, func() *exec.Cmd { peer, _ := startEcho(t, addr); return peer })
		if names := sharedNames(os.Getpid()); len(names) > 0 {
			t.Errorf("%v is still there", names)
		}
	})
	t.Run("dialer", func(t *testing.T) {
		a, n := listenRisk(t, "127.0.0.1:0", ringCap, nil)
		var pids []int
		start := func() *exec.Cmd {
			peer := echoProcess(t, echoDialling, n.Addr().String())
			if err := peer.Start(); err != nil {
				t.Fatal(err)
			}
			pids = append(pids, peer.Process.Pid)
			return peer
		}
		surviveKills(t, a, start(), start)
		for _, pid := range pids {
			if names := sharedNames(pid); len(names) > 0 {
				t.Errorf("%v is still there", names)
			}
		}
	})
}

// surviveKills kills the peer of a twice.
func surviveKills(t *testing.T, a end, peer *exec.Cmd, start func() *exec.Cmd) {
	t.Helper()
	for round := range 3 {
		a.take(EventUp)
		wantShared(t, true, a)
		for i := range uint64(100) {
			a.send(i, 200)
			a.receive(i, 200)
		}
		for i := range uint64(20) { // in flight when it dies
			a.send(i, 5000)
		}
		if round == 2 {
			return
		}
		if err := peer.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = peer.Wait()
		for event := EventNone; event != EventDown; { // what it had answered before comes first
			if event, _ = a.Next(); event == EventNone {
				a.bell.Wait(func() bool { event, _ := a.Next(); return event != EventNone })
				continue
			}
			a.Release()
		}
		peer = start()
	}
}

// A user who never looks does not keep the memory of sessions that came and went.
func TestSharedUnseenSessions(t *testing.T) {
	b, n := listenRisk(t, "127.0.0.1:0", ringCap, nil)
	for i := range uint64(3) {
		a := dialShared(t, n.Addr().String(), ringCap, nil, quick)
		a.take(EventUp)
		until(t, func() bool { return b.Stats().Sessions > i }) // a connection that is followed by another before it is served is no session
		a.Close()
	}
	for range 3 {
		b.take(EventUp)
		b.take(EventDown)
	}
	if s := b.offered.Load(); s != nil && s.memory != nil {
		t.Error("the memory of a session that has ended is still mapped")
	}
}
