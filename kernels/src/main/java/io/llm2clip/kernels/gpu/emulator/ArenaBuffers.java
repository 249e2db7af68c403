package io.llm2clip.kernels.gpu.emulator;

import io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role;
import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.ShortBuf;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** The buffers that kernels see; each access is reported to the arena's tracking in the name of the current work-item. */
final class ArenaBuffers {

    private ArenaBuffers() {}

    /** An operand's buffer: the arena that stores it, of which the kernel may touch the operand only. */
    static Object operand(Role role, MemorySegment content, TrackedArena arena, TrackedArena.Region region) {
        return switch (role) {
            case FLOATS -> new Floats(content, arena, region);
            case INTS -> new Ints(content, arena, region);
            case HALVES -> new Shorts(content, arena, region);
            case PARAMS, SCALARS -> throw new IllegalArgumentException(role + " is no operand.");
        };
    }

    static IntBuf params(int[] values) {
        return new Params(values);
    }

    static FloatBuf scalars(List<Float> values) {
        return new Scalars(values);
    }

    private static final class Floats extends FloatBuf {
        private final MemorySegment content;
        private final TrackedArena arena;
        private final TrackedArena.Region region;

        Floats(MemorySegment content, TrackedArena arena, TrackedArena.Region region) {
            this.content = content;
            this.arena = arena;
            this.region = region;
        }

        @Override
        public float get(int index) {
            arena.read(WorkItem.current(), region, index);
            return content.getAtIndex(ValueLayout.JAVA_FLOAT, index);
        }

        @Override
        public void set(int index, float value) {
            arena.write(WorkItem.current(), region, index);
            content.setAtIndex(ValueLayout.JAVA_FLOAT, index, value);
        }

        @Override
        public int getSize() {
            return (int) (content.byteSize() / Float.BYTES);
        }
    }

    private static final class Ints extends IntBuf {
        private final MemorySegment content;
        private final TrackedArena arena;
        private final TrackedArena.Region region;

        Ints(MemorySegment content, TrackedArena arena, TrackedArena.Region region) {
            this.content = content;
            this.arena = arena;
            this.region = region;
        }

        @Override
        public int get(int index) {
            arena.read(WorkItem.current(), region, index);
            return content.getAtIndex(ValueLayout.JAVA_INT, index);
        }

        @Override
        public void set(int index, int value) {
            arena.write(WorkItem.current(), region, index);
            content.setAtIndex(ValueLayout.JAVA_INT, index, value);
        }

        @Override
        public int getSize() {
            return (int) (content.byteSize() / Integer.BYTES);
        }
    }

    private static final class Shorts extends ShortBuf {
        private final MemorySegment content;
        private final TrackedArena arena;
        private final TrackedArena.Region region;

        Shorts(MemorySegment content, TrackedArena arena, TrackedArena.Region region) {
            this.content = content;
            this.arena = arena;
            this.region = region;
        }

        @Override
        public short get(int index) {
            arena.read(WorkItem.current(), region, index);
            return content.getAtIndex(ValueLayout.JAVA_SHORT, index);
        }

        @Override
        public void set(int index, short bits) {
            arena.write(WorkItem.current(), region, index);
            content.setAtIndex(ValueLayout.JAVA_SHORT, index, bits);
        }

        @Override
        public int getSize() {
            return (int) (content.byteSize() / Short.BYTES);
        }
    }

    private static final class Params extends IntBuf {
        private final int[] values;

        Params(int[] values) {
            this.values = values;
        }

        @Override
        public int get(int index) {
            if (index < 0 || index >= values.length) {
                throw WorkItem.current()
                        .fault("reads params[" + index + "] of " + values.length
                                + "; make the kernel's layout and its DeviceLaunch agree");
            }
            return values[index];
        }

        @Override
        public void set(int index, int value) {
            throw WorkItem.current().fault("writes params[" + index + "]; params are read-only");
        }

        @Override
        public int getSize() {
            return values.length;
        }
    }

    private static final class Scalars extends FloatBuf {
        private final List<Float> values;

        Scalars(List<Float> values) {
            this.values = values;
        }

        @Override
        public float get(int index) {
            if (index < 0 || index >= values.size()) {
                throw WorkItem.current()
                        .fault("reads scalars[" + index + "] of " + values.size()
                                + "; make the kernel's layout and its DeviceLaunch agree");
            }
            return values.get(index);
        }

        @Override
        public void set(int index, float value) {
            throw WorkItem.current().fault("writes scalars[" + index + "]; scalars are read-only");
        }

        @Override
        public int getSize() {
            return values.size();
        }
    }
}
