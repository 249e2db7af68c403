package io.llm2clip.nn.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What a pickle could do to a reader that trusts it. */
class HostilePickleTest {
    private static final byte[] STORAGE = new byte[24];
    private static final long[] SIX = {6};
    private static final long[] ONE = {1};
    private static final String DAMAGED = " The file is damaged; fetch or save it again.";

    @ParameterizedTest
    @CsvSource({
        "posix, system",
        "os, system",
        "nt, system",
        "subprocess, Popen",
        "builtins, eval",
        "__builtin__, eval",
        "builtins, exec",
        "builtins, getattr",
        "builtins, __import__",
        "runpy, run_path",
        "torch.hub, load",
        "torch, load",
        "torch.storage, _load_from_bytes",
        "torch.jit, load",
        "torch, int_repr",
        "numpy.f2py.diagnose, run_command",
        "collections, namedtuple",
        "__torch__.mine, Module",
        "torch.nn.modules.linear, Linear",
        "__main__, Model",
    })
    void refusesNamesOfOtherThings(String module, String name) {
        String path = module.equals("__builtin__") ? "builtins.eval" : module + "." + name;
        for (Pickle pickle : List.of(
                new Pickle().name(module, name).op('(').text("touch /tmp/owned").ops("tR."),
                new Pickle()
                        .text(module)
                        .text(name)
                        .op(0x93)
                        .op('(')
                        .text("x")
                        .op('t')
                        .op(0x81)
                        .op('.'),
                new Pickle().ops("}").text("w").name(module, name).ops("s."))) {
            assertRefused(
                    pickle,
                    "expected tensors, containers, numbers and strings, found the Python name '" + path
                            + "'; nothing of it was run. If you trust the file, load it in Python and save its weights alone: torch.save(model.state_dict(), NEW_FILE).");
        }
    }

    @Test
    void refusesInstructionsThatCreateObjects() {
        for (String instruction :
                List.of("i", "o", "\u0082", "\u0083", "\u0084", "P", "I", "F", "S", "V", "g", "p", "\u0097")) {
            assertRefused(
                    new Pickle().ops(instruction).ops("os\nsystem\n."),
                    "expected instructions of a pickle of tensors before byte 3 of 'data.pkl', found 0x%02x, which none of them has."
                                    .formatted((int) instruction.charAt(0))
                            + DAMAGED);
        }
    }

    static Stream<Arguments> tensors() {
        return Stream.of(
                Arguments.of(6, 0, new long[] {7}, ONE),
                Arguments.of(6, 1, SIX, ONE),
                Arguments.of(6, 7, new long[] {0}, ONE),
                Arguments.of(6, -1, SIX, ONE),
                Arguments.of(6, Long.MAX_VALUE, ONE, ONE),
                Arguments.of(6, 0, new long[] {2, 3}, new long[] {4, 1}),
                Arguments.of(6, 0, new long[] {2}, new long[] {Long.MAX_VALUE}),
                Arguments.of(6, 0, new long[] {Long.MAX_VALUE}, new long[] {0}),
                Arguments.of(6, 0, new long[] {1L << 40}, new long[] {0}),
                Arguments.of(6, 0, new long[] {1L << 32, 1L << 32}, new long[] {0, 0}),
                Arguments.of(6, 0, new long[] {1L << 32, 1L << 32}, new long[] {1L << 32, 1}));
    }

    @ParameterizedTest
    @MethodSource("tensors")
    void refusesTensorsThatLeaveTheirStorage(long elements, long offset, long[] shape, long[] strides) {
        assertThatThrownBy(() -> Pickle.read(Pickle.ofTensor("w", "0", elements, offset, shape, strides)
                        .archive(STORAGE)))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(
                        "hostile.pt: expected tensors within their storages, found one of type F32, shape ")
                .hasMessageEndingWith(
                        " from element %d of a torch.FloatStorage of %d.%s".formatted(offset, elements, DAMAGED));
    }

    @Test
    void refusesImpossibleTensors() {
        assertRefused(
                Pickle.ofTensor("w", "0", 6, 0, new long[] {-6}, ONE),
                "expected dimensions and as many strides, each from 0 up, found [-6] and [1]." + DAMAGED);
        assertRefused(
                Pickle.ofTensor("w", "0", 6, 0, SIX, new long[] {-1}),
                "expected dimensions and as many strides, each from 0 up, found [6] and [-1]." + DAMAGED);
        assertRefused(
                Pickle.ofTensor("w", "0", 6, 0, SIX, new long[0]),
                "expected dimensions and as many strides, each from 0 up, found [6] and []." + DAMAGED);
        assertRefused(
                Pickle.ofTensor("w", "0", 6, 0, new long[65], new long[65]),
                "expected up to 64 integers as argument 2 of torch._utils._rebuild_tensor_v2, found something else."
                        + DAMAGED);
        assertRefused(
                Pickle.ofTensor("w", "0", 7, 0, SIX, ONE),
                "expected 7 elements in storage '0', found 24 bytes." + DAMAGED);
        assertRefused(
                Pickle.ofTensor("w", "0", -1, 0, SIX, ONE),
                "expected -1 elements in storage '0', found 24 bytes." + DAMAGED);
        assertRefused(
                Pickle.ofTensor("w", "../../etc/passwd", 6, 0, SIX, ONE),
                "expected the numbers of storage '../../etc/passwd' in the archive, found none." + DAMAGED);
    }

    static Stream<Arguments> machines() {
        return Stream.of(
                Arguments.of(new Pickle(), "expected 1 bytes before byte 2"),
                Arguments.of(new Pickle().ops("."), "expected a value on the stack before byte 3"),
                Arguments.of(new Pickle().ops("(."), "expected a value on the stack before byte 4"),
                Arguments.of(new Pickle().ops("]("), "expected 1 bytes before byte 4"),
                Arguments.of(new Pickle().ops("](a."), "expected a value on the stack before byte 5"),
                Arguments.of(new Pickle().ops("t."), "expected a mark on the stack before byte 3"),
                Arguments.of(new Pickle().ops("h\5."), "expected value 5 of those kept before byte 4"),
                Arguments.of(
                        new Pickle().ops("Nr").u32(0xFFFFFFFFL).ops("."),
                        "expected up to 4000000 values to keep before byte 8"),
                Arguments.of(new Pickle().ops("X").u32(0xFFFFFFFFL), "expected 4294967295 bytes before byte 7"),
                Arguments.of(
                        new Pickle().op(0x8d).ops("\377\377\377\377\377\377\377\377"),
                        "expected 18446744073709551615 bytes before byte 11"),
                Arguments.of(new Pickle().op(0x8b).u32(-1), "expected 4294967295 bytes before byte 7"),
                Arguments.of(new Pickle().ops("NN"), "expected 1 bytes before byte 4"),
                Arguments.of(new Pickle().ops(")Na."), "expected a list to append to before byte 5"),
                Arguments.of(new Pickle().ops("](NNu."), "expected a dictionary to put into before byte 7"),
                Arguments.of(new Pickle().ops("}(Nu."), "expected pairs of keys and values before byte 6"),
                Arguments.of(new Pickle().ops("K\1K\2").op(0x93), "expected a name before byte 7"),
                Arguments.of(new Pickle().ops("NNR."), "expected a list of arguments, found a value"),
                Arguments.of(new Pickle().ops("K\1)R."), "expected a class or function to call, found an integer"),
                Arguments.of(new Pickle().ops("NQ."), "expected a storage with its type, key and size, found a value"),
                Arguments.of(new Pickle().ops("K\1}b."), "expected an object that has a state, found an integer"),
                Arguments.of(
                        new Pickle().ops("c" + "a".repeat(2000) + "\n"),
                        "expected a name of up to 1000 bytes before byte 1004"),
                Arguments.of(
                        new Pickle().name("torch._utils", "_rebuild_tensor_v2").ops(")R."),
                        "expected more than 0 arguments"),
                Arguments.of(
                        new Pickle()
                                .name("torch._tensor", "_rebuild_from_type_v2")
                                .ops("(NNNtR."),
                        "expected a function and its arguments"));
    }

    @ParameterizedTest
    @MethodSource("machines")
    void refusesWhatTheMachineCannotDo(Pickle pickle, String message) {
        assertThatThrownBy(() -> Pickle.read(pickle.archive(STORAGE)))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith("hostile.pt: " + message)
                .hasMessageEndingWith(DAMAGED);
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "6", "255"})
    void refusesOtherProtocols(int protocol) {
        byte[] pickle = new Pickle().ops("}.").bytes();
        pickle[1] = (byte) protocol;
        assertThatThrownBy(() -> Pickle.read(Pickle.archive(pickle, STORAGE)))
                .hasMessage(
                        "hostile.pt: expected a pickle of protocol 2 to 5 in 'data.pkl', found protocol %d; save it again by torch.save."
                                .formatted(protocol));
    }

    @Test
    void aNameCannotCommandTheTerminal() {
        assertRefused(
                new Pickle().text("\u001b[2J").text("x\r").op(0x93).ops("."),
                "expected tensors, containers, numbers and strings, found the Python name '?[2J.x?'; nothing of it was run. If you trust the file, load it in Python and save its weights alone: torch.save(model.state_dict(), NEW_FILE).");
    }

    static Stream<Arguments> bombs() {
        String shared = "\u008c\1a";
        return Stream.of(
                bomb(
                        "deep lists",
                        p -> p.repeat("]", 1_000_000).repeat("a", 999_999).ops(".")),
                bomb("deep tuples", p -> p.ops(")").repeat("\u0085", 1_000_000).ops(".")),
                bomb(
                        "deep dictionaries",
                        p -> p.ops("}")
                                .repeat("q\0" + "}(" + shared + "h\0u", 500_000)
                                .ops(".")),
                bomb("marks", p -> p.repeat("(", 5_000_000).ops(".")),
                bomb("many values", p -> p.repeat("}", 5_000_000).ops(".")),
                bomb("doubling", p -> {
                    p.ops(")q\0");
                    for (int i = 0; i < 60; i++) {
                        p.ops("h\0h\0").op(0x86).ops("q\0");
                    }
                    return p.ops(".");
                }),
                bomb("doubling dictionaries", p -> {
                    p.tensor("FloatStorage", "0", 6, 0, SIX, ONE).ops("q\0");
                    for (int i = 0; i < 40; i++) {
                        p.ops("}(").text("a").ops("h\0").text("b").ops("h\0uq\0");
                    }
                    return p.ops(".");
                }),
                bomb("a list within itself", p -> p.ops("]q\0h\0a.")),
                bomb("a dictionary within itself", p -> p.ops("}q\0").text("a").ops("h\0s.")),
                bomb("a module within itself", p -> p.ops("}q\0").text("model").ops("h\0s.")),
                bomb("a dictionary as its own key", p -> p.ops("}q\0h\0h\0s.")),
                bomb(
                        "long names of many",
                        p -> p.text("n".repeat(1_000_000))
                                .ops("q\0")
                                .ops("]q\1}q\2(h\0")
                                .tensor("FloatStorage", "0", 6, 0, SIX, ONE)
                                .ops("uh\1(")
                                .repeat("h\2", 1_000_000)
                                .ops("e.")),
                bomb("one dictionary copied again and again", p -> {
                    p.name("collections", "OrderedDict").ops("q\0]q\1(");
                    for (int i = 0; i < 1000; i++) {
                        p.text("key" + i).ops("N").op(0x86);
                    }
                    return p.ops("e0(").repeat("h\0h\1\u0085R", 100_000).ops("t.");
                }),
                bomb(
                        "one long shape again and again",
                        p -> p.name("torch._utils", "_rebuild_tensor_v2")
                                .ops("q\0(")
                                .repeat("K\1", 1_000_000)
                                .ops("tq\1(")
                                .storage("FloatStorage", "0", 6)
                                .ops("K\0h\1h\1\u0089Ntq\2")
                                .repeat("h\0h\2R", 100_000)
                                .ops(".")),
                bomb(
                        "one long key again and again",
                        p -> p.op('(')
                                .text("storage")
                                .name("torch", "FloatStorage")
                                .text("k".repeat(1_000_000))
                                .text("cpu")
                                .ops("K\6tq\0Q")
                                .repeat("h\0Q", 100_000)
                                .ops(".")),
                bomb(
                        "one long name again and again",
                        p -> p.text("m".repeat(1_000_000))
                                .ops("q\0")
                                .repeat("h\0h\0\u0093", 100_000)
                                .ops(".")));
    }

    /** Each is refused within bounded time and memory. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("bombs")
    void bombsDoNotGoOff(String name, Function<Pickle, Pickle> bomb) {
        byte[] file = bomb.apply(new Pickle()).archive(STORAGE);
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        Assertions.assertTimeout(
                Duration.ofSeconds(10),
                () -> assertThatThrownBy(() -> Pickle.read(file)).isInstanceOf(CheckpointException.class));
        long megabytes = (threads.getCurrentThreadAllocatedBytes() - before) >> 20;
        assertThat(megabytes).as(name.toUpperCase(Locale.ROOT)).isLessThan(1000);
    }

    private static Arguments bomb(String name, Function<Pickle, Pickle> bomb) {
        return Arguments.of(name, bomb);
    }

    private static void assertRefused(Pickle pickle, String message) {
        assertThatThrownBy(() -> Pickle.read(pickle.archive(STORAGE)))
                .isInstanceOf(CheckpointException.class)
                .hasMessage("hostile.pt: " + message);
    }
}
