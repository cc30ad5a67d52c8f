// A reader of published logs written against golang.org/x/mod/sumdb alone: it knows nothing of sayso.
//
//	outsider DIR VKEY INCLUSIONS CONSISTENCIES
//
// It checks the signature of DIR/checkpoint, the root tile by tile, that every entry hashes to its leaf, and so many inclusion and
// consistency proofs, all made from tiles.
package main

import (
	"encoding/binary"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func check(err error, what string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

// published reads tiles from a directory. The module proxy puts the height into a tile's path; C2SP does not.
type published struct{ dir string }

func (p published) Height() int                           { return 8 }
func (p published) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (p published) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		data, err := os.ReadFile(filepath.Join(p.dir, strings.Replace(t.Path(), "tile/8/", "tile/", 1)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func entries(dir string, size int64) [][]byte {
	var all [][]byte
	for n := int64(0); n*256 < size; n++ {
		width := size - n*256
		if width > 256 {
			width = 256
		}
		t := tlog.Tile{H: 8, L: -1, N: n, W: int(width)}
		data, err := os.ReadFile(filepath.Join(dir, strings.Replace(t.Path(), "tile/8/data/", "tile/entries/", 1)))
		check(err, "entries")
		for len(data) > 0 {
			length := int(binary.BigEndian.Uint16(data))
			all = append(all, data[2:2+length])
			data = data[2+length:]
		}
	}
	if int64(len(all)) != size {
		check(fmt.Errorf("%d of %d", len(all), size), "entries")
	}
	return all
}

func main() {
	dir := os.Args[1]
	verifier, err := note.NewVerifier(os.Args[2])
	check(err, "key")
	inclusions, _ := strconv.Atoi(os.Args[3])
	consistencies, _ := strconv.Atoi(os.Args[4])

	text, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	check(err, "checkpoint")
	opened, err := note.Open(text, note.VerifierList(verifier))
	check(err, "signature")
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err, "size")
	root, err := tlog.ParseHash(lines[2])
	check(err, "root")
	if lines[0] != verifier.Name() {
		check(fmt.Errorf("%s", lines[0]), "origin")
	}

	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, published{dir})
	again, err := tlog.TreeHash(size, reader)
	check(err, "tiles")
	if again != root {
		check(fmt.Errorf("%v", again), "root from tiles")
	}
	// The whole tree again, from the entries alone.
	var stored []tlog.Hash
	own := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var hashes []tlog.Hash
		for _, i := range indexes {
			hashes = append(hashes, stored[i])
		}
		return hashes, nil
	})
	all := entries(dir, size)
	for n, entry := range all {
		hashes, err := tlog.StoredHashes(int64(n), entry, own)
		check(err, "entry")
		stored = append(stored, hashes...)
	}
	fromEntries, err := tlog.TreeHash(size, own)
	check(err, "entries")
	if fromEntries != root {
		check(fmt.Errorf("%v", fromEntries), "root from entries")
	}

	random := rand.New(rand.NewSource(1))
	for i := 0; i < inclusions; i++ {
		n := random.Int63n(size)
		if i < 3 {
			n = size - 1 - int64(i) // those in partial tiles too
		}
		proof, err := tlog.ProveRecord(size, n, reader)
		check(err, "inclusion")
		check(tlog.CheckRecord(proof, size, root, n, tlog.RecordHash(all[n])), "inclusion")
	}
	for i := 0; i < consistencies; i++ {
		n := 1 + random.Int63n(size)
		old, err := tlog.TreeHash(n, own)
		check(err, "consistency")
		proof, err := tlog.ProveTree(size, n, reader)
		check(err, "consistency")
		check(tlog.CheckTree(proof, size, root, n, old), "consistency")
	}
	fmt.Printf("%s: %d entries, %d inclusion and %d consistency proofs\n", lines[0], size, inclusions, consistencies)
}
