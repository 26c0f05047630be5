package snapshot

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/mutant"
)

// Kind says whose state it is, and with it what the body means. Numbers are never given another
// meaning.
type Kind uint32

// The owners of snapshots.
const (
	Engine      Kind = 1 // the core: engine.Core.AppendState, with what the engine adds
	Participant Kind = 2 // where the log of a participant is replayed from; no body: the log has the state
	Tape        Kind = 3 // up to where market data's tape was published; cluster and node are 0
)

// Identity is whose snapshots a store holds.
type Identity struct {
	Cluster uint32
	Node    uint32 // unique in the cluster: a disk that was copied to another node is refused
	Kind    Kind
}

// Snapshot is a state. The zero value is the state before the first record.
type Snapshot struct {
	At   journal.Position // the record behind which the owner was in this state
	Body []byte           // the caller's
}

const (
	tempSuffix = ".temp"
	keepMax    = 2       // snapshots that Write leaves: the newest, and one in case it is damaged
	chunkSize  = 1 << 20 // of a write
	syncSize   = 4 << 20 // between two syncs: others wait for the same disk, and not for long
)

// Store is the snapshots in a directory. One goroutine at a time uses it.
type Store struct {
	fs      disk.FS
	dir     string
	id      Identity
	damaged []uint64 // snapshots that Latest has passed over: they count for nothing
}

// NewStore returns the store of the snapshots in dir, which is the directory of the log.
func NewStore(fs disk.FS, dir string, id Identity) *Store { return &Store{fs: fs, dir: dir, id: id} }

func (s *Store) path(lsn uint64) string {
	return filepath.Join(s.dir, fmt.Sprintf("%020d%s", lsn, journal.SnapshotSuffix))
}

// list returns the LSNs of the snapshots, ascending, and the names of unfinished ones.
func (s *Store) list() (lsns []uint64, temps []string, err error) {
	names, err := s.fs.List(s.dir)
	if err != nil {
		return nil, nil, fmt.Errorf("snapshot: %w", err)
	}
	for _, name := range names {
		if lsn, ok := journal.SnapshotLSN(name); ok {
			lsns = append(lsns, lsn)
		} else if strings.HasSuffix(name, journal.SnapshotSuffix+tempSuffix) {
			temps = append(temps, name)
		}
	}
	slices.Sort(lsns)
	return lsns, temps, nil
}

// Write makes the state durable whose bytes are the parts one after another: the owner's state behind
// record at, up to which the log must be durable. It keeps nothing of the parts. If it fails, the
// snapshots that were there are there, and another Write may be tried; after a failed sync the file is
// given up, so a retry writes everything again to a new one.
func (s *Store) Write(at journal.Position, parts ...[]byte) error {
	if at.LSN == 0 {
		return errors.New("snapshot: nothing was logged yet, so there is no state to keep")
	}
	lsns, temps, err := s.list()
	if err != nil {
		return err
	}
	for _, name := range temps {
		if err := s.fs.Remove(filepath.Join(s.dir, name)); err != nil {
			return fmt.Errorf("snapshot: %w", err)
		}
	}
	path := s.path(at.LSN)
	if err := s.fill(path+tempSuffix, append([][]byte{appendHeader(nil, s.id, at, parts)}, parts...)); err != nil {
		_ = s.fs.Remove(path + tempSuffix) // the error that matters is this one
		return fmt.Errorf("snapshot: %w", err)
	}
	if err := s.fs.Rename(path+tempSuffix, path); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	if err := s.fs.SyncDir(s.dir); err != nil {
		return fmt.Errorf("snapshot: cannot make the name of %s durable: %w", path, err)
	}
	lsns = slices.DeleteFunc(lsns, func(lsn uint64) bool { return lsn == at.LSN })
	s.damaged = slices.DeleteFunc(s.damaged, func(lsn uint64) bool { return lsn == at.LSN })
	for _, lsn := range s.unneeded(lsns) {
		if err := s.fs.Remove(s.path(lsn)); err != nil {
			return fmt.Errorf("snapshot: %w", err)
		}
	}
	return nil
}

// unneeded are those of older snapshots that go when a newer one is durable, the oldest first: what is left are always the
// newest that are whole.
func (s *Store) unneeded(lsns []uint64) []uint64 {
	damaged, whole := s.split(lsns)
	return append(damaged, whole[:max(0, len(whole)-keepMax+1)]...)
}

// split tells the snapshots that are known to be damaged from the others.
func (s *Store) split(lsns []uint64) (damaged, others []uint64) {
	for _, lsn := range lsns {
		if slices.Contains(s.damaged, lsn) {
			damaged = append(damaged, lsn)
		} else {
			others = append(others, lsn)
		}
	}
	return damaged, others
}

// fill makes a durable file of the parts.
func (s *Store) fill(path string, parts [][]byte) error {
	size := int64(0)
	for _, p := range parts {
		size += int64(len(p))
	}
	f, err := s.fs.Create(path)
	if err != nil {
		return err
	}
	err = f.Reserve(size) // a full disk is met before anything is written
	for at, synced := int64(0), int64(0); err == nil && len(parts) > 0; {
		p := parts[0][:min(len(parts[0]), chunkSize)]
		if len(p) > 0 {
			_, err = f.WriteAt(p, at)
		}
		if at += int64(len(p)); err == nil && at-synced >= syncSize {
			err, synced = f.Sync(), at
		}
		if parts[0] = parts[0][len(p):]; len(parts[0]) == 0 {
			parts = parts[1:]
		}
	}
	if err == nil && !mutant.Is(mutant.MarkUnsynced) {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Oldest returns what may be truncated: every record below the returned one is in two snapshots that
// are kept. While there are fewer it is 1, so that nothing hangs on a single file.
func (s *Store) Oldest() (lsn uint64, err error) {
	lsns, _, err := s.list()
	_, whole := s.split(lsns)
	if err != nil || len(whole) < keepMax {
		return 1, err
	}
	return whole[0], nil
}

// All returns the snapshots, oldest first. The error is a *FileError if one of them is foreign or damaged.
func (s *Store) All() (all []Snapshot, err error) {
	lsns, _, err := s.list()
	for _, lsn := range lsns {
		snap, err := s.read(lsn)
		if err != nil {
			return nil, err
		}
		all = append(all, snap)
	}
	return all, err
}

// Latest returns the newest snapshot that is whole; the zero Snapshot if there is none and never was. skipped are newer
// ones that are damaged; if none is whole, a log that has its beginning does without. The error is a *FileError if a
// file is foreign, or if none is whole and the log was truncated.
func (s *Store) Latest() (snap Snapshot, skipped []*FileError, err error) {
	lsns, _, err := s.list()
	if err != nil {
		return Snapshot{}, nil, err
	}
	for _, lsn := range slices.Backward(lsns) {
		snap, err := s.read(lsn)
		refused := new(FileError)
		if errors.As(err, &refused) && refused.damage() {
			skipped = append(skipped, refused)
			if !slices.Contains(s.damaged, lsn) {
				s.damaged = append(s.damaged, lsn)
			}
			continue
		}
		return snap, skipped, err
	}
	if len(skipped) == 0 {
		return Snapshot{}, nil, nil
	}
	segments, err := journal.Segments(s.fs, s.dir)
	if err == nil && (len(segments) == 0 || segments[0] != 1) {
		err = skipped[0]
	}
	return Snapshot{}, skipped, err
}

// read reads and checks one file.
func (s *Store) read(lsn uint64) (Snapshot, error) {
	path := s.path(lsn)
	b, err := content(s.fs, path)
	if err != nil {
		return Snapshot{}, err
	}
	return decode(path, lsn, s.id, b)
}

func content(fs disk.FS, path string) ([]byte, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	size, err := f.Size()
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	b := make([]byte, size)
	n, err := f.ReadAt(b, 0)
	switch {
	case n == len(b) || err == nil:
		return b, nil
	case errors.Is(err, syscall.EIO): // so the disk tells of most damage
		return nil, refuse(path, ErrDamaged, fmt.Sprint(size, " bytes"), err)
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return nil, fmt.Errorf("snapshot: %w", err)
}

// Read reads the file at path, whoever's snapshot it is: for people who look for something. A copy may have any name, but
// not that of another snapshot. The error is a *FileError if the file is damaged.
func Read(fs disk.FS, path string) (Identity, Snapshot, error) {
	b, err := content(fs, path)
	if err != nil {
		return Identity{}, Snapshot{}, err
	}
	id, at, err := decodeHeader(path, b)
	if err != nil {
		return id, Snapshot{}, err
	}
	lsn, named := journal.SnapshotLSN(filepath.Base(path))
	if !named {
		lsn = at.LSN
	}
	snap, err := decodeBody(path, lsn, at, b)
	return id, snap, err
}

// String names the kind.
func (k Kind) String() string {
	switch k {
	case Engine:
		return "engine"
	case Participant:
		return "participant"
	case Tape:
		return "tape"
	}
	return strconv.Itoa(int(k))
}
