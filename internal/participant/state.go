package participant

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/participant/ledger"
)

// StateFile is the name of the file that says what the state files beside it hold.
const StateFile = "state.json"

// State is the content of StateFile.
type State struct {
	Role           string `json:"role"`
	AppliedSeq     uint64 `json:"applied_seq"`
	AppliedBatches uint64 `json:"applied_batches"`
	AppliedTrades  uint64 `json:"applied_trades"`
	Chain          string `json:"chain"`    // 16 hex digits
	Digest         string `json:"digest"`   // of the business state, 16 hex digits
	Finished       bool   `json:"finished"` // saved at the end of the stream; false: interrupted
}

// Hex writes a hash as the files and reports show it.
func Hex[T ~uint64](v T) string { return fmt.Sprintf("%016x", uint64(v)) }

// save makes the journal durable, then writes the role's state files, then StateFile, which makes
// them count. It returns the digest of the state, which a role sorts all that it has for. An older StateFile goes
// first: if the process ends in between, it would speak of files that have been replaced.
func (n *Node) save(finished bool) (digest uint64, err error) {
	if err := n.disk.Settle(); err != nil {
		return 0, err
	}
	if err := removeState(n.cfg.Dir); err != nil {
		return 0, err
	}
	if err := n.role.Save(n.cfg.Dir); err != nil {
		return 0, err
	}
	st := n.machine.Status()
	digest = n.role.Digest()
	return digest, WriteState(n.cfg.Dir, State{
		Role: n.role.Name(), AppliedSeq: uint64(st.Applied), AppliedBatches: st.AppliedBatches,
		AppliedTrades: n.role.AppliedTrades(), Chain: Hex(st.AppliedChain), Digest: Hex(digest),
		Finished: finished,
	})
}

// removeState removes StateFile from dir, durably, if it is there.
func removeState(dir string) error {
	err := os.Remove(filepath.Join(dir, StateFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = disk.Real.SyncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("participant: cannot replace %s: %w", StateFile, err)
	}
	return nil
}

// endsAt reports whether the state file in dir says that the stream ends where the machine is. One that cannot be
// read says nothing; the next one takes its place.
func endsAt(dir string, at *batch3pc.ParticipantStatus) bool {
	s, err := ReadState(dir)
	return err == nil && s.Finished && s.AppliedSeq == uint64(at.Applied) && s.Chain == Hex(at.AppliedChain)
}

// Unfinish takes back what the state file in dir, if there is one, says of the end of the stream:
// the stream goes on. The rest of it stays true.
func Unfinish(dir string) error {
	s, err := ReadState(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil || !s.Finished {
		return err
	}
	s.Finished = false
	return WriteState(dir, s)
}

// WriteState writes StateFile into dir.
func WriteState(dir string, s State) error {
	body, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return ledger.WriteFile(filepath.Join(dir, StateFile), append(body, '\n'))
}

// ReadState reads StateFile from dir. The error is os.ErrNotExist if no state was ever saved.
func ReadState(dir string) (State, error) {
	path := filepath.Join(dir, StateFile)
	body, err := os.ReadFile(path)
	if err != nil {
		return State{}, err
	}
	var s State
	if err := json.Unmarshal(body, &s); err != nil {
		return State{}, fmt.Errorf("%s: want a state file of tezi: %w", path, err)
	}
	return s, nil
}
