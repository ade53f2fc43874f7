// Judges one history of registers by Porcupine, for `checker bench history --porcupine`.
//
// Reads lines `key call return kind first second` (return -1: of unknown end) that the bench has written, with values
// numbered from 0 (what a register holds at first) within each key; or strings of a key-value store, in hexadecimal digits
// behind an x. Prints `reading` and the CPU seconds that reading took; then a line of verdict, CPU seconds of the check
// alone, peak resident bytes of this process. Who dies of its memory prints the first line only: the bench knows then what
// the check had taken by that time. Porcupine gets its best case: integer states, a partition by key made beforehand.
//
// Usage: porcupine-harness FILE CPU_SECONDS
//
// Build: go mod tidy && go build -o porcupine-harness .
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/anishathalye/porcupine"
)

type input struct {
	kind          byte
	first, second int
	unknown       bool
	text          string
}

func stepOfStrings(state, in, _ interface{}) (bool, interface{}) {
	held, op := state.(string), in.(input)
	switch op.kind {
	case 'g':
		return held == op.text, held
	case 'p':
		return true, op.text
	default:
		return true, held + op.text
	}
}

func step(state, in, _ interface{}) (bool, interface{}) {
	value, op := state.(int), in.(input)
	switch op.kind {
	case 'r':
		return value == op.first, value
	case 'd':
		return value != op.first, value
	case 'w':
		return true, op.first
	default:
		if value == op.first {
			return true, op.second
		}
		return op.unknown, value
	}
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return math.NaN()
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: porcupine-harness FILE CPU_SECONDS")
		os.Exit(64)
	}
	keys, strings, err := read(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(65)
	}
	limit, err := strconv.ParseFloat(os.Args[2], 64)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(64)
	}
	model := porcupine.Model{
		Partition: func([]porcupine.Operation) [][]porcupine.Operation { return keys },
		Init:      func() interface{} { return 0 },
		Step:      step,
		Equal:     func(one, other interface{}) bool { return one.(int) == other.(int) },
	}
	if strings {
		model.Init = func() interface{} { return "" }
		model.Step = stepOfStrings
		model.Equal = func(one, other interface{}) bool { return one.(string) == other.(string) }
	}
	before := cpuSeconds()
	fmt.Println("reading", before)
	done := make(chan porcupine.CheckResult)
	go func() { done <- porcupine.CheckOperationsTimeout(model, []porcupine.Operation{}, 0) }()
	result := porcupine.Unknown
	for waiting := true; waiting; {
		select {
		case result = <-done:
			waiting = false
		case <-time.After(20 * time.Millisecond):
			waiting = cpuSeconds()-before < limit
		}
	}
	spent := cpuSeconds() - before
	word := map[porcupine.CheckResult]string{porcupine.Ok: "valid", porcupine.Illegal: "invalid"}[result]
	if word == "" {
		word = "unknown"
	}
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	fmt.Println(word, spent, usage.Maxrss*1024)
}

func read(path string) (keys [][]porcupine.Operation, ofStrings bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	for number := 1; lines.Scan(); number++ {
		words := strings.Fields(lines.Text())
		if len(words) != 6 {
			return nil, false, fmt.Errorf("line %d: %d words, 6 are due", number, len(words))
		}
		numbers, text := [6]int{}, ""
		for at, word := range words {
			if at == 3 {
				continue
			}
			if at == 4 && word[0] == 'x' {
				bytes, err := hex.DecodeString(word[1:])
				if err != nil {
					return nil, false, fmt.Errorf("line %d: %w", number, err)
				}
				text, ofStrings = string(bytes), true
				continue
			}
			value, err := strconv.Atoi(word)
			if err != nil {
				return nil, false, fmt.Errorf("line %d: %w", number, err)
			}
			numbers[at] = value
		}
		key, call, end, kind := numbers[0], int64(numbers[1]), int64(numbers[2]), words[3]
		first, second := numbers[4], numbers[5]
		for len(keys) <= key {
			keys = append(keys, nil)
		}
		unknown := end < 0
		if unknown {
			end = math.MaxInt64
		}
		keys[key] = append(keys[key], porcupine.Operation{
			Input: input{kind[0], first, second, unknown, text}, Call: call, Return: end,
		})
	}
	return keys, ofStrings, lines.Err()
}
