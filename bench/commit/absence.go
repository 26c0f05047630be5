package commit

import "context"

// comeback is a participant that has started again.
type comeback struct {
	process *process // nil: it is local
	local   *local
	err     error
}

// kill ends participant n, from 1, as kill -9 does. One inside this process stops between two rounds.
func (g *group) kill(n int) error {
	if len(g.processes) == 0 {
		l := g.locals[n-1]
		l.cancel()
		<-l.ended
		return l.ours.Close()
	}
	p := g.processes[n-1]
	if err := p.cmd.Process.Kill(); err != nil {
		return err
	}
	_ = p.cmd.Wait() // it says that the process was killed
	p.dead = true
	g.lostNs += int64(p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime())
	return nil
}

// comeBack starts participant n again beside the caller, who takes it from g.back and has it rejoin.
func (g *group) comeBack(n int, o *Options, c *Case) {
	back := make(chan comeback, 1)
	g.back = back
	s := specOf(o, c, n-1, false)
	start := func() (b comeback) {
		b.local, b.err = g.openLocal(s)
		return b
	}
	if len(g.processes) > 0 {
		s.Addr = g.processes[n-1].addr // where the coordinator's link looks for it
		start = func() (b comeback) {
			b.process, b.err = startProcess(o.Command, s)
			return b
		}
	}
	go func() {
		back <- start()
		g.bell.Ring()
	}()
}

// rejoin puts a participant that has come back into its place.
func (g *group) rejoin(ctx context.Context, n int, b comeback) error {
	g.back = nil
	switch {
	case b.err != nil:
		return b.err
	case b.process != nil:
		g.processes[n-1] = b.process
	default:
		g.links[n-1], g.locals[n-1] = b.local.ours, b.local
		g.runLocal(ctx, b.local)
	}
	return nil
}
