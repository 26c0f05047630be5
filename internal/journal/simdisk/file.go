package simdisk

import (
	"errors"
	"io"
	"io/fs"
	"syscall"
)

// sectorSize is what is written whole or not at all.
const sectorSize = 512

// sector is the content of a sector. One that is in the durable state is never changed.
type sector [sectorSize]byte

// node is a file or directory, whatever its name. Sectors that are nil or missing read as zeros.
type node struct {
	dir         bool
	live        []*sector
	durable     []*sector
	size        int64
	durableSize int64
	sizeOrder   uint64           // when the size became pending; 0: it is durable
	dirty       map[int64]uint64 // pending sectors: when each was written last
	handles     int
	freed       bool
}

func sectorAt(list []*sector, i int64) *sector {
	if i < int64(len(list)) {
		return list[i]
	}
	return nil
}

// setSector puts s at i and returns the list.
func setSector(list []*sector, i int64, s *sector) []*sector {
	if n := i + 1 - int64(len(list)); n > 0 {
		list = append(list, make([]*sector, n)...)
	}
	list[i] = s
	return list
}

// change returns the live sector i for writing, pending from now on.
func (d *Disk) change(n *node, i int64) *sector {
	s := sectorAt(n.live, i)
	if _, own := n.dirty[i]; !own {
		fresh := new(sector)
		if s != nil {
			*fresh = *s
		}
		s = fresh
		n.live = setSector(n.live, i, s)
		if n.dirty == nil {
			n.dirty = map[int64]uint64{}
		}
	}
	d.order++
	n.dirty[i] = d.order
	return s
}

// resize sets the live size. What is cut off reads as zeros when the file grows again.
func (d *Disk) resize(n *node, size int64) error {
	if d.capacity > 0 && d.used+size-n.size > d.capacity && size > n.size {
		return syscall.ENOSPC
	}
	for i := size / sectorSize; i < int64(len(n.live)) && i*sectorSize < n.size; i++ {
		if n.live[i] != nil {
			s := d.change(n, i)
			clear(s[max(0, size-i*sectorSize):])
		}
	}
	if !n.freed {
		d.used += size - n.size
	}
	n.size = size
	d.order++
	n.sizeOrder = d.order
	return nil
}

func (n *node) sync() {
	for i := range n.dirty {
		n.durable = setSector(n.durable, i, n.live[i])
	}
	n.durableSize = n.size
	n.giveUp()
}

// giveUp calls everything clean that is pending.
func (n *node) giveUp() {
	clear(n.dirty)
	n.sizeOrder = 0
}

// fail is giveUp for the content alone: sizes and names are in the journal of the file system, which goes
// on trying, or takes the whole file system down.
func (n *node) fail() { clear(n.dirty) }

// handle is an open file.
type handle struct {
	disk     *Disk
	node     *node
	path     string
	writable bool
	life     uint64
	closed   bool
}

// ErrDead is the error of a handle of a process that has died, and of the calls of one that DiesAt.
var ErrDead = errors.New("simdisk: the process is dead")

func (d *Disk) handle(n *node, path string, writable bool) *handle {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	n.handles++
	return &handle{disk: d, node: n, path: path, writable: writable, life: d.life}
}

// enter begins a call. The caller unlocks the mutex. usable is false if the call must have no effect
// at all; with an error and usable, it fails as a disk fails.
func (h *handle) enter(op Op, offset, size int64) (usable bool, err error) {
	switch {
	case h.life != h.disk.life:
		return false, failed(op, h.path, ErrDead)
	case h.closed:
		return false, failed(op, h.path, fs.ErrClosed)
	case op.Changes() && !h.writable:
		return false, failed(op, h.path, syscall.EBADF)
	}
	err = h.disk.enter(Call{Op: op, Path: h.path, Offset: offset, Size: size})
	return !errors.Is(err, ErrDead), err
}

// Name implements disk.File.
func (h *handle) Name() string { return h.path }

// Size implements disk.File.
func (h *handle) Size() (int64, error) {
	h.disk.mutex.Lock()
	defer h.disk.mutex.Unlock()
	if h.life != h.disk.life {
		return 0, failed(OpRead, h.path, ErrDead)
	}
	return h.node.size, nil
}

// Close implements disk.File. It makes nothing durable.
func (h *handle) Close() error {
	h.disk.mutex.Lock()
	defer h.disk.mutex.Unlock()
	if h.life != h.disk.life {
		return nil
	}
	if h.closed {
		return failed(OpOpen, h.path, fs.ErrClosed)
	}
	h.closed = true
	h.node.handles--
	h.disk.release(h.node)
	return nil
}

// ReadAt implements disk.File.
func (h *handle) ReadAt(b []byte, offset int64) (int, error) {
	h.disk.mutex.Lock()
	defer h.disk.mutex.Unlock()
	if _, err := h.enter(OpRead, offset, int64(len(b))); err != nil {
		return 0, err
	}
	n := 0
	for n < len(b) && offset+int64(n) < h.node.size {
		at := offset + int64(n)
		i, within := at/sectorSize, at%sectorSize
		part := b[n:min(int64(len(b)), int64(n)+sectorSize-within, int64(n)+h.node.size-at)]
		if s := sectorAt(h.node.live, i); s != nil {
			copy(part, s[within:])
		} else {
			clear(part)
		}
		n += len(part)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements disk.File. One that is made to fail writes as many sectors as the seed says.
func (h *handle) WriteAt(b []byte, offset int64) (int, error) {
	h.disk.mutex.Lock()
	defer h.disk.mutex.Unlock()
	usable, fault := h.enter(OpWrite, offset, int64(len(b)))
	if !usable {
		return 0, fault
	}
	if fault != nil {
		b = b[:min(len(b), sectorSize*h.disk.random.IntN(len(b)/sectorSize+1))]
	}
	if end := offset + int64(len(b)); end > h.node.size {
		if err := h.disk.resize(h.node, end); err != nil {
			return 0, failed(OpWrite, h.path, err)
		}
	}
	for n := 0; n < len(b); {
		at := offset + int64(n)
		n += copy(h.disk.change(h.node, at/sectorSize)[at%sectorSize:], b[n:])
	}
	return len(b), fault
}

// Fill implements disk.File.
func (h *handle) Fill(from, to int64) error {
	_, err := h.WriteAt(make([]byte, to-from), from)
	return err
}

// Truncate implements disk.File.
func (h *handle) Truncate(size int64) error { return h.setSize(OpTruncate, size) }

// Reserve implements disk.File.
func (h *handle) Reserve(size int64) error { return h.setSize(OpReserve, size) }

func (h *handle) setSize(op Op, size int64) error {
	h.disk.mutex.Lock()
	defer h.disk.mutex.Unlock()
	if _, err := h.enter(op, 0, size); err != nil {
		return err
	}
	if op == OpReserve && size <= h.node.size {
		return nil
	}
	if err := h.disk.resize(h.node, size); err != nil {
		return failed(op, h.path, err)
	}
	return nil
}

// Sync implements disk.File. One that is made to fail makes nothing durable, and gives up what was
// written: no later Sync will make it durable either.
func (h *handle) Sync() error {
	h.disk.mutex.Lock()
	defer h.disk.mutex.Unlock()
	usable, fault := h.enter(OpSync, 0, 0)
	switch {
	case !usable:
		return fault
	case fault != nil:
		h.node.fail()
	default:
		h.node.sync()
	}
	return fault
}
