package main

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/proxy"
	"github.com/tezi-exchange/tezi/internal/rundir"
)

// faultRate is the load of the tests in which a fault lasts, in commands a second.
const faultRate = 1_500

// goesOn waits until everybody who is there has committed more than anybody has now.
func (c *cluster) goesOn() {
	c.t.Helper()
	most := c.mostCommitted()
	for i, n := range c.nodes {
		if n.away {
			continue
		}
		c.until(n.role+" to commit", func() bool { return c.follow(i) > most })
	}
}

// TestStopped stops a process for a while with SIGSTOP under load, each in turn. It goes on, or is fenced, and the
// day ends as without.
func TestStopped(t *testing.T) {
	short := []time.Duration{100 * time.Millisecond}
	if wholeMatrix() {
		short = []time.Duration{10 * time.Millisecond, 100 * time.Millisecond, time.Second}
	}
	d := newDay(t, faultRate*len(short)*100) // several times as long as it takes on an idle machine: the rest is hurried through
	c := newCluster(t, d, "--rate", fmt.Sprint(faultRate))
	c.startEngine()
	c.goesOn()
	for _, pause := range short {
		for who := range 4 {
			pid := c.engine().Process.Pid
			if who > 0 {
				pid = c.nodes[who-1].cmd.Process.Pid
			}
			stop(t, pid, pause)
			c.goesOn()
			cells.Add(1)
		}
	}
	c.hurry()
	c.finish()
}

// TestStoppedAgainAndAgain gives a process a tenth of a processor for some seconds, under load, each in turn: it runs
// for 5 ms and is stopped for 45. Nobody is taken for dead, the one that leads leads on, and the day ends as without.
func TestStoppedAgainAndAgain(t *testing.T) {
	times := 20
	if wholeMatrix() {
		times = 200
	}
	d := newDay(t, faultRate*(100+times)) // several times as long as it takes on an idle machine: the rest is hurried through
	c := newCluster(t, d, "--rate", fmt.Sprint(faultRate))
	c.startEngine()
	c.goesOn()
	leader := c.engine().Process.Pid
	c.launch("engine", "--dir", "run", "--rank", "1")
	rank := func() box.RankState {
		_, state, _ := box.ReadRank(filepath.Join(c.runDir(), rundir.EngineDir), 1) // there is none yet
		return state
	}
	c.until("the other engine to stand by", func() bool { return rank() == box.RankStanding })
	for who := range 4 {
		pid := leader
		if who > 0 {
			pid = c.nodes[who-1].cmd.Process.Pid
		}
		for range times {
			stop(t, pid, 45*time.Millisecond)
			time.Sleep(5 * time.Millisecond) // its share
		}
		c.goesOn()
		cells.Add(1)
	}
	if got := rank(); got != box.RankStanding {
		t.Errorf("the engine that stood by is %s", got)
	}
	kill9(c.engines[1])
	c.engines = c.engines[:1]
	c.hurry()
	c.finish()
}

// stop stops a process for so long.
func stop(t *testing.T, pid int, d time.Duration) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(d) // the fault itself
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// TestStoppedForLong is TestStopped with times that all deadlines have passed in. An engine that another one has
// fenced meanwhile ends, and commits nothing more.
func TestStoppedForLong(t *testing.T) {
	if !wholeMatrix() {
		t.Skip("a process is stopped for 10 and 45 s: make faults")
	}
	d := newDay(t, faultRate*180) // longer than anybody is stopped: the rest is hurried through
	for _, pause := range []time.Duration{10 * time.Second, 45 * time.Second} {
		for who, name := range []string{"engine", "risk", "settlement", "marketdata", "engine, another stands by"} {
			t.Run(fmt.Sprintf("%v/%s", pause, name), func(t *testing.T) {
				cell(t)
				t.Parallel() // they mostly wait
				c := newCluster(t, d, "--rate", fmt.Sprint(faultRate))
				c.startEngine()
				c.goesOn()
				switch who {
				case 0:
					stop(t, c.engine().Process.Pid, pause)
				case 1, 2, 3:
					stop(t, c.nodes[who-1].cmd.Process.Pid, pause)
				default:
					old := c.engine()
					c.launch("engine", "--dir", "run", "--rank", "1")
					stop(t, old.Process.Pid, pause)
					c.within("the old engine to end", func() { _ = old.Wait() })
					if code := old.ProcessState.ExitCode(); code != box.ExitFenced {
						t.Errorf("the old engine ended with exit code %d, want %d", code, box.ExitFenced)
					}
				}
				c.goesOn()
				c.hurry()
				c.finish()
			})
		}
	}
}

// linkFault is something that the network does for a while.
type linkFault struct {
	name  string
	links []int // of these participants
	do    func(p *proxy.Proxy)
}

// TestLinks does to the links between engine and participants, over TCP and UDP and under load, what networks do:
// each direction of each link cut, and of all; links that come and go; loss, repetition, damage and delay. Nothing
// commits while the engine speaks to nobody. Everything heals, and the day ends as without.
func TestLinks(t *testing.T) {
	up := func(r proxy.Rules) func(*proxy.Proxy) { return func(p *proxy.Proxy) { p.SetUp(r) } }
	down := func(r proxy.Rules) func(*proxy.Proxy) { return func(p *proxy.Proxy) { p.SetDown(r) } }
	cut := proxy.Rules{Cut: true}
	bad := proxy.Rules{Drop: 0.05, Dup: 0.05, Flip: 0.02, Jitter: 2 * time.Millisecond}
	slow := proxy.Rules{Delay: 5 * time.Millisecond, Jitter: 5 * time.Millisecond, Rate: 10 << 20}
	isolated := linkFault{"the engine is alone", []int{0, 1, 2}, func(p *proxy.Proxy) { p.SetUp(cut); p.SetDown(cut) }}
	faults := []linkFault{
		isolated,
		{"all are bad", []int{0, 1, 2}, func(p *proxy.Proxy) { p.SetUp(bad); p.SetDown(bad) }},
	}
	if wholeMatrix() {
		for i := range 3 {
			faults = append(faults, linkFault{"not to one", []int{i}, up(cut)}, linkFault{"not from one", []int{i}, down(cut)},
				linkFault{"one is gone", []int{i}, isolated.do}, linkFault{"one comes and goes", []int{i}, flapping},
				linkFault{"one is slow", []int{i}, func(p *proxy.Proxy) { p.SetUp(slow); p.SetDown(slow) }},
				linkFault{"the way back from one is bad", []int{i}, down(bad)})
		}
		faults = append(faults, linkFault{"it speaks to two and hears one", []int{0, 1}, down(cut)},
			linkFault{"it hears nobody", []int{0, 1, 2}, down(cut)}, linkFault{"all come and go", []int{0, 1, 2}, flapping})
	}
	d := newDay(t, faultRate*7*(8+len(faults)*5)) // seven times as long as it takes on an idle machine
	for _, transport := range []string{box.TransportTCP, box.TransportUDP} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel() // they mostly wait
			c := newCluster(t, d, "--rate", fmt.Sprint(faultRate), "--transport", transport)
			c.startEngine()
			c.goesOn()
			for _, f := range faults {
				t.Logf("%s %v", f.name, f.links)
				from, to := c.during(f)
				if f.name == isolated.name && to > from+windowMax {
					t.Errorf("batch %d was committed while the engine spoke to nobody, after %d", to, from)
				}
				c.goesOn()
				cells.Add(1)
			}
			c.hurry()
			c.finish()
		})
	}
}

// windowMax is how many batches may be under way when a fault begins: those of the window, each direction.
const windowMax = 2 * 16

// flapping cuts a link and heals it, 20 times a second.
func flapping(p *proxy.Proxy) {
	for range 5 {
		p.SetUp(proxy.Rules{Cut: true})
		p.SetDown(proxy.Rules{Cut: true})
		time.Sleep(25 * time.Millisecond) // the fault itself
		p.SetUp(proxy.Rules{})
		p.SetDown(proxy.Rules{})
		time.Sleep(25 * time.Millisecond) // likewise
	}
}

// during does a fault for a while, and heals it. It returns how far the stream was committed meanwhile.
func (c *cluster) during(f linkFault) (from, to batch3pc.Seq) {
	for _, i := range f.links {
		f.do(c.nodes[i].proxy)
	}
	from = c.mostCommitted()
	time.Sleep(300 * time.Millisecond) // the fault itself
	to = c.mostCommitted()
	for _, n := range c.nodes {
		n.proxy.SetUp(proxy.Rules{})
		n.proxy.SetDown(proxy.Rules{})
	}
	return from, to
}

func (c *cluster) mostCommitted() (most batch3pc.Seq) {
	for i := range c.nodes {
		most = max(most, c.follow(i))
	}
	return most
}
