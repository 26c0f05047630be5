package commit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// process is a node in a process of its own. Its standard input is a pipe that nobody writes to: its
// end tells the node to end.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	out   *bufio.Reader
	addr  string
	dead  bool // killed by the case
}

// startProcess starts a node and waits until it listens.
func startProcess(command []string, s *nodeSpec) (*process, error) {
	if len(command) == 0 {
		return nil, errors.New("commit: no command to start processes with")
	}
	spec, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(command[0], append(command[1:len(command):len(command)], string(spec))...)}
	p.cmd.Stderr = os.Stderr
	// A Ctrl-C in the terminal is for the coordinator alone, which then ends the nodes.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("commit: cannot start %s: %w", command[0], err)
	}
	p.out = bufio.NewReader(stdout)
	line, err := p.out.ReadString('\n')
	if err == nil {
		p.addr, err = addressOf(line)
	}
	if err != nil {
		_, cerr := p.end()
		return nil, errors.Join(err, cerr)
	}
	return p, nil
}

// end tells the node to end, waits for it and returns what it has used.
func (p *process) end() (usage, error) {
	_ = p.stdin.Close()
	kill := time.AfterFunc(endPatience, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	var u usage
	err := json.NewDecoder(p.out).Decode(&u)
	if werr := p.cmd.Wait(); werr != nil {
		err = fmt.Errorf("commit: a node ended: %w", werr)
	}
	return u, err
}
