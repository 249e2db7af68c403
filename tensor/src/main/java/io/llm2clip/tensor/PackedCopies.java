package io.llm2clip.tensor;

import io.llm2clip.kernels.operations.Packing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Frozen elements in the layouts that kernels prefer: each made once, by whoever needs it first, and freed together, by the owner or
 * else with the object.
 */
final class PackedCopies {
    private static final long ALIGNMENT = 64;
    private static final Cleaner CLEANER = Cleaner.create();

    /** Apart from what it belongs to, which would never become unreachable otherwise. */
    private static final class Memory implements Runnable {
        private final List<Arena> arenas = new ArrayList<>();
        private long bytes;

        /** Frees all; also the cleaner's action, which runs once. */
        @Override
        public synchronized void run() {
            arenas.forEach(Arena::close);
            arenas.clear();
            EngineMemory.released(bytes);
            bytes = 0;
        }

        synchronized void add(Arena arena, long size) {
            arenas.add(arena);
            bytes += size;
            EngineMemory.allocated(size);
        }
    }

    private final Map<Packing, MemorySegment> copies = new HashMap<>();
    private final Memory memory = new Memory();
    private final Cleaner.Cleanable cleanable = CLEANER.register(this, memory);

    /** The copy of a packing, made now if there is none; a packer that fails leaves nothing. */
    synchronized MemorySegment get(Packing packing, Consumer<MemorySegment> packer) {
        MemorySegment copy = copies.get(packing);
        if (copy == null) {
            Arena arena = Arena.ofShared();
            try {
                copy = arena.allocate(packing.bytes(), ALIGNMENT);
                packer.accept(copy);
            } catch (RuntimeException | Error e) {
                arena.close();
                throw e;
            }
            memory.add(arena, packing.bytes());
            copies.put(packing, copy);
        }
        return copy;
    }

    synchronized void free() {
        copies.clear();
        cleanable.clean();
    }
}
