package io.llm2clip.nn.checkpoint;

import io.llm2clip.nn.checkpoint.PickledValue.Dict;
import io.llm2clip.nn.checkpoint.PickledValue.Items;
import io.llm2clip.nn.checkpoint.PickledValue.Opaque;
import io.llm2clip.nn.checkpoint.PickledValue.Text;
import io.llm2clip.nn.checkpoint.PickledValue.Whole;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a Python pickle of protocol 2 to 5 as data. A pickle is a program for a machine with a stack, and Python's own has
 * instructions that import and call anything. Here, {@link Objects} says what a name and a call stand for, and nothing of Python
 * exists that could be called.
 *
 * <p>There is no recursion, and the work and memory are bounded by the number of instructions.
 */
final class Unpickler {
    /** What names, calls and references to data mean. */
    interface Objects {
        /** A class or function that the pickle imports. */
        PickledValue name(String module, String name);

        /** What a call of {@code callee} would return. */
        PickledValue call(PickledValue callee, PickledValue arguments);

        /** What is kept outside the pickle. */
        PickledValue persistent(PickledValue id);

        /** Gives an object its state, after its call. */
        void build(PickledValue object, PickledValue state);
    }

    /** An AdamW checkpoint of a thousand tensors takes some hundred thousand. */
    private static final int MOST_INSTRUCTIONS = 4_000_000;

    private static final int LONGEST_NAME = 1000;
    private static final int NEWEST_PROTOCOL = 5;
    private static final Items NO_ITEMS = new Items(List.of(), false);

    private final Path file;
    private final String within;
    private final Objects objects;
    private final byte[] bytes;
    private final LittleEndian numbers;
    private final List<PickledValue> stack = new ArrayList<>();
    private final Deque<Integer> marks = new ArrayDeque<>();
    private final List<@Nullable PickledValue> memo = new ArrayList<>();
    private int at;

    private Unpickler(Path file, String within, byte[] pickle, Objects objects) {
        this.file = file;
        this.within = within;
        this.objects = objects;
        bytes = pickle;
        numbers = new LittleEndian(MemorySegment.ofArray(bytes));
    }

    /**
     * The value that a pickle describes.
     *
     * @param within how messages call the pickle in {@code file}
     * @throws CheckpointException if it is damaged, too large, of another protocol, or needs something that {@code objects} refuses
     */
    static PickledValue read(Path file, String within, byte[] pickle, Objects objects) {
        return new Unpickler(file, within, pickle, objects).run();
    }

    private PickledValue run() {
        for (int i = 0; i < MOST_INSTRUCTIONS; i++) {
            int instruction = u8();
            if (instruction == '.') {
                return pop();
            }
            execute(instruction);
        }
        throw new CheckpointException(
                "%s: expected up to %d instructions in '%s', found more; save the weights alone: torch.save(model.state_dict(), FILE)."
                        .formatted(file, MOST_INSTRUCTIONS, within));
    }

    private void execute(int instruction) {
        switch (instruction) {
            case 0x80 -> requireProtocol(u8());
            // A frame: the number of bytes up to the next one.
            case 0x95 -> skip(8);
            case '(' -> marks.push(stack.size());
            case '0' -> pop();
            case '1' -> popToMark();
            case '2' -> push(top());
            case 'N', 0x88, 0x89 -> push(Opaque.VALUE);
            case 'K' -> push(new Whole(u8()));
            case 'M' -> push(new Whole(numbers.u16(skip(2))));
            case 'J' -> push(new Whole((int) numbers.u32(skip(4))));
            case 0x8a -> push(integer(u8()));
            case 0x8b -> push(integer(length(4)));
            case 'G' -> opaque(8);
            case 'X', 'T' -> push(text(length(4)));
            case 0x8c, 'U' -> push(text(u8()));
            case 0x8d -> push(text(length(8)));
            case 'B' -> opaque(length(4));
            case 'C' -> opaque(u8());
            case 0x8e, 0x96 -> opaque(length(8));
            case ']', 0x8f -> push(new Items(new ArrayList<>(0), true));
            case ')' -> push(NO_ITEMS);
            case '}' -> push(Dict.empty());
            case 'l' -> push(new Items(popToMark(), true));
            case 't', 0x91 -> push(new Items(popToMark(), false));
            case 0x85, 0x86, 0x87 -> push(tuple(instruction - 0x84));
            case 'd' -> {
                List<PickledValue> items = popToMark();
                push(Dict.empty());
                put(items);
            }
            case 'a' -> append(List.of(pop()));
            case 'e', 0x90 -> append(popToMark());
            case 's' -> {
                PickledValue value = pop();
                put(List.of(pop(), value));
            }
            case 'u' -> put(popToMark());
            default -> executeOnObjects(instruction);
        }
    }

    private void executeOnObjects(int instruction) {
        switch (instruction) {
            case 'q' -> memoize(u8());
            case 'r' -> memoize(numbers.u32(skip(4)));
            case 0x94 -> memoize(memo.size());
            case 'h' -> push(memoized(u8()));
            case 'j' -> push(memoized(numbers.u32(skip(4))));
            case 'c' -> {
                String module = line();
                push(objects.name(module, line()));
            }
            case 0x93 -> {
                PickledValue name = pop();
                PickledValue module = pop();
                if (!(module instanceof Text first) || !(name instanceof Text second)) {
                    throw damaged("a name", module.kind() + " and " + name.kind());
                }
                if (first.value().length() > LONGEST_NAME || second.value().length() > LONGEST_NAME) {
                    throw damaged("a name of up to %d characters".formatted(LONGEST_NAME), "a longer one");
                }
                push(objects.name(first.value(), second.value()));
            }
            case 'R', 0x81 -> {
                PickledValue arguments = pop();
                push(objects.call(pop(), arguments));
            }
            // By keywords, as nothing does of which anything is read.
            case 0x92 -> {
                pop();
                PickledValue arguments = pop();
                push(objects.call(pop(), arguments));
            }
            case 'b' -> {
                PickledValue state = pop();
                objects.build(top(), state);
            }
            case 'Q' -> push(objects.persistent(pop()));
            default ->
                throw damaged(
                        "instructions of a pickle of tensors", "0x%02x, which none of them has".formatted(instruction));
        }
    }

    private void requireProtocol(int protocol) {
        if (protocol < 2 || protocol > NEWEST_PROTOCOL) {
            throw new CheckpointException(
                    "%s: expected a pickle of protocol 2 to %d in '%s', found protocol %d; save it again by torch.save."
                            .formatted(file, NEWEST_PROTOCOL, within, protocol));
        }
    }

    private void push(PickledValue value) {
        stack.add(value);
    }

    private PickledValue pop() {
        top();
        return stack.removeLast();
    }

    private PickledValue top() {
        if (stack.size() <= (marks.isEmpty() ? 0 : marks.peek())) {
            throw damaged("a value on the stack", "none");
        }
        return stack.getLast();
    }

    private List<PickledValue> popToMark() {
        if (marks.isEmpty()) {
            throw damaged("a mark on the stack", "none");
        }
        List<PickledValue> above = stack.subList(marks.pop(), stack.size());
        List<PickledValue> values = new ArrayList<>(above);
        above.clear();
        return values;
    }

    private Items tuple(int size) {
        PickledValue[] values = new PickledValue[size];
        for (int i = size - 1; i >= 0; i--) {
            values[i] = pop();
        }
        return new Items(List.of(values), false);
    }

    private void append(List<PickledValue> values) {
        switch (top()) {
            case Items list when list.growing() -> list.values().addAll(values);
            // Of a class that is a list.
            case Opaque _ -> {}
            case PickledValue other -> throw damaged("a list to append to", other.kind());
        }
    }

    private void put(List<PickledValue> items) {
        if (items.size() % 2 != 0) {
            throw damaged("pairs of keys and values", items.size() + " values");
        }
        switch (top()) {
            case Dict dict -> {
                for (int i = 0; i < items.size(); i += 2) {
                    dict.put(items.get(i), items.get(i + 1));
                }
            }
            // Of a class that is a dictionary.
            case Opaque _ -> {}
            case PickledValue other -> throw damaged("a dictionary to put into", other.kind());
        }
    }

    private void memoize(long index) {
        if (index > MOST_INSTRUCTIONS) {
            throw damaged("up to %d values to keep".formatted(MOST_INSTRUCTIONS), Long.toString(index));
        }
        PickledValue value = top();
        while (memo.size() <= index) {
            memo.add(null);
        }
        memo.set((int) index, value);
    }

    private PickledValue memoized(long index) {
        PickledValue value = index < memo.size() ? memo.get((int) index) : null;
        if (value == null) {
            throw damaged("value %d of those kept".formatted(index), "none");
        }
        return value;
    }

    private PickledValue integer(int length) {
        int begin = skip(length);
        if (length > Long.BYTES) {
            return Opaque.VALUE;
        }
        long value = 0;
        for (int i = length - 1; i >= 0; i--) {
            value = i == length - 1 ? bytes[begin + i] : value << Byte.SIZE | bytes[begin + i] & 0xFF;
        }
        return new Whole(value);
    }

    private Text text(int length) {
        return new Text(new String(bytes, skip(length), length, StandardCharsets.UTF_8));
    }

    private void opaque(int length) {
        skip(length);
        push(Opaque.VALUE);
    }

    private String line() {
        int begin = at;
        while (u8() != '\n') {
            if (at - begin > LONGEST_NAME) {
                throw damaged("a name of up to %d bytes".formatted(LONGEST_NAME), "a longer one");
            }
        }
        return new String(bytes, begin, at - 1 - begin, StandardCharsets.UTF_8);
    }

    private int u8() {
        return bytes[skip(1)] & 0xFF;
    }

    /** A number of bytes that follow, which is itself of {@code size} bytes. */
    private int length(int size) {
        int begin = skip(size);
        long length = size == 4 ? numbers.u32(begin) : numbers.i64(begin);
        if (!numbers.has(at, length)) {
            throw damaged(Long.toUnsignedString(length) + " bytes", Integer.toString(bytes.length - at));
        }
        return (int) length;
    }

    /** Goes over bytes and returns where they begin. */
    private int skip(int length) {
        int begin = at;
        if (length > bytes.length - at) {
            throw damaged("%d bytes".formatted(length), Integer.toString(bytes.length - at));
        }
        at += length;
        return begin;
    }

    private CheckpointException damaged(String expected, String found) {
        return new CheckpointException(
                "%s: expected %s before byte %d of '%s', found %s. The file is damaged; fetch or save it again."
                        .formatted(file, expected, at, within, found));
    }
}
