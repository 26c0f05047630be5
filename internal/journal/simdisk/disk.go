package simdisk

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"github.com/tezi-exchange/tezi/internal/journal/disk"
)

// Op is a kind of call.
type Op uint8

// What can be asked of a disk.
const (
	OpMakeDir Op = iota + 1
	OpList
	OpCreate
	OpOpen
	OpOpenWrite
	OpRename
	OpRemove
	OpSyncDir
	OpLock
	OpLocked
	OpRead
	OpWrite
	OpTruncate
	OpReserve
	OpSync
)

var opNames = [...]string{"", "mkdir", "readdir", "create", "open", "open", "rename", "unlink", "fsync", "lock", "lock", "read", "write", "truncate", "fallocate", "fdatasync"}

// String is the system call that errors name.
func (o Op) String() string { return opNames[o] }

// Changes reports whether the call changes what is on the disk or makes it durable. A process that
// dies before, or after, any other call leaves the same disk.
func (o Op) Changes() bool {
	switch o {
	case OpList, OpOpen, OpOpenWrite, OpLock, OpLocked, OpRead:
		return false
	}
	return true
}

// Call is a call that is about to be made.
type Call struct {
	Op     Op
	Path   string
	Offset int64 // of reads and writes
	Size   int64 // bytes to read or write, or the size to set
}

// Disk is a disk and the computer around it: its locks and its page cache. It implements disk.FS.
type Disk struct {
	mutex    sync.Mutex
	source   rand.PCG
	random   *rand.Rand // of source
	fault    func(Call) error
	capacity int64 // bytes in files; 0 is no limit
	used     int64 // bytes in files that have a name or a handle

	live    map[string]*node // by path; what a reader sees
	durable map[string]*node // what a crash leaves at least
	names   []nameOp         // between the two, in order
	locks   map[string]*lock
	life    uint64 // counts crashes and kills; handles of another life are dead (D4)
	order   uint64 // of the last thing that became pending
}

// nameOp is a change of a name that is not durable: path becomes node, or nothing if node is nil. A
// rename takes the name from away too.
type nameOp struct {
	order uint64
	path  string
	from  string
	node  *node
}

// New returns an empty disk, with a root directory and a current one.
func New(seed uint64) *Disk {
	d := &Disk{source: *rand.NewPCG(seed, 0), live: map[string]*node{}, durable: map[string]*node{}, locks: map[string]*lock{}}
	d.random = rand.New(&d.source)
	for _, root := range []string{"/", "."} {
		d.live[root] = &node{dir: true}
		d.durable[root] = d.live[root]
	}
	return d
}

// SetFault has refuse see every call before it is made; a call for which it returns an error fails
// with that error, as described in the package comment. It must not call the disk. nil ends it.
func (d *Disk) SetFault(refuse func(Call) error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.fault = refuse
}

// SetCapacity limits the bytes in all files together; 0 lifts the limit. What exceeds it fails with
// ENOSPC.
func (d *Disk) SetCapacity(bytes int64) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.capacity = bytes
}

// Used returns the bytes in all files together.
func (d *Disk) Used() int64 {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.used
}

// enter begins a call. The caller unlocks the mutex.
func (d *Disk) enter(c Call) error {
	if d.fault != nil {
		if err := d.fault(c); err != nil {
			return failed(c.Op, c.Path, err)
		}
	}
	return nil
}

func failed(op Op, path string, err error) error {
	if inner := new(fs.PathError); errors.As(err, &inner) {
		return err
	}
	return &fs.PathError{Op: op.String(), Path: path, Err: err}
}

// at returns what has a name, or ErrNotExist.
func (d *Disk) at(op Op, path string) (*node, error) {
	n := d.live[filepath.Clean(path)]
	if n == nil {
		return nil, failed(op, path, syscall.ENOENT)
	}
	return n, nil
}

// setName makes a change of a name that is pending from now on.
func (d *Disk) setName(path, from string, n *node) {
	d.order++
	op := nameOp{order: d.order, path: filepath.Clean(path), node: n}
	if from != "" {
		op.from = filepath.Clean(from)
	}
	d.names = append(d.names, op)
	before := d.live[op.path]
	op.apply(d.live)
	d.release(before)
}

// apply makes the change in a set of names.
func (o *nameOp) apply(names map[string]*node) {
	if o.from != "" {
		delete(names, o.from)
	}
	if o.node == nil {
		delete(names, o.path)
		return
	}
	names[o.path] = o.node
}

// release gives back the room of a file that has neither name nor handle.
func (d *Disk) release(n *node) {
	if n == nil || n.freed || n.handles > 0 {
		return
	}
	for _, other := range d.live {
		if other == n {
			return
		}
	}
	n.freed = true
	d.used -= n.size
}

// MakeDir implements disk.FS.
func (d *Disk) MakeDir(dir string) error {
	_, err := d.create(OpMakeDir, dir, &node{dir: true})
	return err
}

// create gives a new node a name.
func (d *Disk) create(op Op, path string, n *node) (*node, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if err := d.enter(Call{Op: op, Path: path}); err != nil {
		return nil, err
	}
	if d.live[filepath.Clean(path)] != nil {
		return nil, failed(op, path, syscall.EEXIST)
	}
	above, err := d.at(op, filepath.Dir(filepath.Clean(path)))
	if err != nil {
		return nil, failed(op, path, syscall.ENOENT)
	}
	if !above.dir {
		return nil, failed(op, path, syscall.ENOTDIR)
	}
	d.setName(path, "", n)
	return n, nil
}

// List implements disk.FS.
func (d *Disk) List(dir string) ([]string, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if err := d.enter(Call{Op: OpList, Path: dir}); err != nil {
		return nil, err
	}
	if n, err := d.at(OpList, dir); err != nil || !n.dir {
		return nil, failed(OpList, dir, syscall.ENOENT)
	}
	var names []string
	for path := range d.live {
		if path != filepath.Clean(dir) && filepath.Dir(path) == filepath.Clean(dir) {
			names = append(names, filepath.Base(path))
		}
	}
	slices.Sort(names)
	return names, nil
}

// Create implements disk.FS.
func (d *Disk) Create(path string) (disk.File, error) {
	n, err := d.create(OpCreate, path, &node{})
	if err != nil {
		return nil, err
	}
	return d.handle(n, path, true), nil
}

// Open implements disk.FS.
func (d *Disk) Open(path string) (disk.File, error) { return d.open(OpOpen, path) }

// OpenWrite implements disk.FS.
func (d *Disk) OpenWrite(path string) (disk.File, error) { return d.open(OpOpenWrite, path) }

func (d *Disk) open(op Op, path string) (disk.File, error) {
	d.mutex.Lock()
	if err := d.enter(Call{Op: op, Path: path}); err != nil {
		d.mutex.Unlock()
		return nil, err
	}
	n, err := d.at(op, path)
	if err == nil && n.dir {
		err = failed(op, path, syscall.EISDIR)
	}
	d.mutex.Unlock()
	if err != nil {
		return nil, err
	}
	return d.handle(n, path, op == OpOpenWrite), nil
}

// Rename implements disk.FS.
func (d *Disk) Rename(from, to string) error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if err := d.enter(Call{Op: OpRename, Path: from}); err != nil {
		return err
	}
	n, err := d.at(OpRename, from)
	if err != nil {
		return err
	}
	if filepath.Dir(filepath.Clean(from)) != filepath.Dir(filepath.Clean(to)) || n.dir {
		return failed(OpRename, from, syscall.EXDEV)
	}
	d.setName(to, from, n)
	return nil
}

// Remove implements disk.FS.
func (d *Disk) Remove(path string) error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if err := d.enter(Call{Op: OpRemove, Path: path}); err != nil {
		return err
	}
	n, err := d.at(OpRemove, path)
	if err != nil {
		return err
	}
	if n.dir {
		return failed(OpRemove, path, syscall.EISDIR)
	}
	d.setName(path, "", nil)
	return nil
}

// SyncDir implements disk.FS.
func (d *Disk) SyncDir(dir string) error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	err := d.enter(Call{Op: OpSyncDir, Path: dir})
	if errors.Is(err, ErrDead) {
		return err
	}
	if _, e := d.at(OpSyncDir, dir); e != nil {
		return e
	}
	if err != nil {
		return err
	}
	rest := d.names[:0]
	for _, op := range d.names {
		if filepath.Dir(op.path) != filepath.Clean(dir) {
			rest = append(rest, op)
		} else {
			op.apply(d.durable)
		}
	}
	d.names = rest
	return nil
}

// lock is a lock that is held.
type lock struct {
	disk *Disk
	path string
}

// Lock implements disk.FS. No file is made for it.
func (d *Disk) Lock(path string) (io.Closer, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if err := d.enter(Call{Op: OpLock, Path: path}); err != nil {
		return nil, err
	}
	if d.locks[path] != nil {
		return nil, failed(OpLock, path, disk.ErrLocked)
	}
	d.locks[path] = &lock{disk: d, path: path}
	return d.locks[path], nil
}

// Close gives the lock back.
func (l *lock) Close() error {
	l.disk.mutex.Lock()
	defer l.disk.mutex.Unlock()
	if l.disk.locks[l.path] == l {
		delete(l.disk.locks, l.path)
	}
	return nil
}

// Locked implements disk.FS.
func (d *Disk) Locked(path string) (bool, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if err := d.enter(Call{Op: OpLocked, Path: path}); err != nil {
		return false, err
	}
	return d.locks[path] != nil, nil
}
