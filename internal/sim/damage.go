package sim

import (
	"encoding/binary"
	"hash/crc32"
	"path"
	"slices"
	"strings"

	fs "github.com/tezi-exchange/tezi/internal/journal/disk"
	"github.com/tezi-exchange/tezi/internal/journal/simdisk"
)

// placed is a record or mark of a log, as docs/formats/journal.md lays it out, and where it is.
type placed struct {
	path   string
	from   int64 // in the file
	to     int64
	lsn    uint64
	synced uint64 // that it says was durable before it
	mark   bool
}

// layout reads where the whole records of a log are, up to the first one in each file that is not whole.
func layout(d *simdisk.Disk) (list []placed) {
	names, err := d.List(logDir)
	if err != nil {
		return nil
	}
	for _, name := range names {
		if !strings.HasSuffix(name, ".journal") {
			continue
		}
		file := path.Join(logDir, name)
		b := contents(d, file)
		for at := int64(0); at+32 <= int64(len(b)); {
			h := b[at:]
			if binary.LittleEndian.Uint16(h[18:]) == 0 {
				break
			}
			size := 32 + (int64(binary.LittleEndian.Uint32(h[4:]))+7)&^7
			if size > int64(len(h)) || crc32.Checksum(h[4:size], crc32.MakeTable(crc32.Castagnoli)) != binary.LittleEndian.Uint32(h) {
				break // torn
			}
			list = append(list, placed{
				path: file, from: at, to: at + size, lsn: binary.LittleEndian.Uint64(h[8:]),
				synced: binary.LittleEndian.Uint64(h[24:]), mark: h[16] == 0,
			})
			at += size
		}
	}
	return list
}

func contents(d *simdisk.Disk, file string) []byte {
	f, err := d.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close() //nolint:errcheck // read only
	size, err := f.Size()
	if err != nil {
		return nil
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil {
		return nil
	}
	return b
}

// spoil damages the log of a computer that is down, in its middle: what lies behind proves that the
// place was durable once. A lost write at the very end of a log, which nothing proves, is no fault that
// one copy can know of. arg chooses the place, and what happens to it: a bit flips, or the sector is
// as if it had never been written, or holds what belongs into another log.
func (c *computer) spoil(arg int, other *simdisk.Disk) bool {
	list := layout(c.Disk)
	how, where := arg%4, arg/4
	if len(list) == 0 {
		return false
	}
	if how == 3 && where%4 == 0 && c.spoilMark(where) {
		return true
	}
	target := list[where%len(list)]
	at := target.from + int64(where*37)%(target.to-target.from)
	from, to := target.from, target.to
	if how > 0 { // the whole sector
		from = at / fs.SectorSize * fs.SectorSize
		to = from + fs.SectorSize
	}
	last := uint64(0) // record that is hit
	for _, r := range list {
		if r.path == target.path && r.to > from && r.from < to {
			last = max(last, r.lsn)
			if r.mark {
				last = max(last, r.lsn+1)
			}
		}
	}
	proven := slices.ContainsFunc(list, func(r placed) bool {
		hit := r.path == target.path && r.to > from && r.from < to
		return !hit && r.synced >= last && (r.path > target.path || r.path == target.path && r.from >= to)
	})
	if !proven {
		return false
	}
	strange := contents(other, target.path)
	err := c.Damage(target.path, at, func(sector []byte, at int) {
		switch how {
		case 0:
			sector[at] ^= 1 << (where % 8)
		case 1:
			clear(sector)
		default:
			clear(sector)
			copy(sector, strange[min(from, int64(len(strange))):])
		}
	})
	c.strange = how > 1
	return err == nil
}

// spoilMark flips a bit of the newest file that says where the log may be read from.
func (c *computer) spoilMark(where int) bool {
	names, err := c.List(logDir)
	if err != nil {
		return false
	}
	for _, name := range slices.Backward(names) {
		if strings.HasSuffix(name, ".snapshot") {
			file := path.Join(logDir, name)
			return c.Flip(file, int64(where)%int64(max(len(contents(c.Disk, file)), 1)), where%8) == nil
		}
	}
	return false
}
