package io.llm2clip.bench.memory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What Linux counts of this process: heap, compiled code, weights, workspace and mapped pages that were touched. */
public final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");

    private ProcessMemory() {}

    /** The most bytes that were resident at a time ({@code VmHWM}). */
    public static long peak() {
        return field("VmHWM");
    }

    /** Bytes that are resident now ({@code VmRSS}). */
    public static long resident() {
        return field("VmRSS");
    }

    private static long field(String name) {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith(name + ":")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Memory is read from " + STATUS + ", which only Linux has.", e);
        }
        throw new IllegalStateException(STATUS + ": expected a line '" + name + "', found none; use Linux.");
    }
}
