package io.llm2clip.cli;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/** Columns of the controlling terminal, as the system knows them at the time. */
final class TerminalWidth implements IntSupplier {
    /** Where nothing better is known. */
    static final int USUAL = 80;

    private static final int COLUMNS_OFFSET = Short.BYTES;
    private static final int WINDOW_BYTES = 4 * Short.BYTES;
    private static final int READ_ONLY = 0;

    /** {@code ioctl(terminal, request, window)}, or null where the system has none. */
    private final @Nullable MethodHandle ask;

    private final int terminal;
    private final MemorySegment window = Arena.global().allocate(WINDOW_BYTES);

    private static final class Process {
        static final TerminalWidth INSTANCE = new TerminalWidth();
    }

    /** Asks for nothing before it is asked. */
    static IntSupplier ofProcess() {
        return () -> Process.INSTANCE.getAsInt();
    }

    private TerminalWidth() {
        MethodHandle found = null;
        int opened = -1;
        try {
            opened = open();
            found = opened < 0
                    ? null
                    : function(
                            "ioctl",
                            FunctionDescriptor.of(
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.ADDRESS));
        } catch (Throwable e) {
            // Without the system's functions, as on Windows, the usual width has to do.
        }
        ask = found;
        terminal = opened;
    }

    @Override
    public int getAsInt() {
        int columns = 0;
        try {
            if (ask != null && (int) ask.invokeExact(terminal, request(), window) == 0) {
                columns = Short.toUnsignedInt(window.get(ValueLayout.JAVA_SHORT, COLUMNS_OFFSET));
            }
        } catch (Throwable e) {
            throw new IllegalStateException("The width of the terminal cannot be asked for.", e);
        }
        // Pseudo-terminals that nobody sized say 0.
        return columns > 0 ? columns : USUAL;
    }

    private static int open() throws Throwable {
        try (Arena arena = Arena.ofConfined()) {
            return (int) function(
                            "open",
                            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT))
                    .invokeExact(arena.allocateFrom("/dev/tty"), READ_ONLY);
        }
    }

    /** Both functions take further arguments of any type after the second. */
    private static MethodHandle function(String name, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        SymbolLookup lookup = linker.defaultLookup();
        return linker.downcallHandle(lookup.findOrThrow(name), descriptor, Linker.Option.firstVariadicArg(2));
    }

    /** TIOCGWINSZ. */
    private static long request() {
        return System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux") ? 0x5413 : 0x40087468;
    }
}
