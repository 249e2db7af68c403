package io.llm2clip.kernels.gpu.emulator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role;
import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.ShortBuf;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The buffers that kernels see; each access is reported to the arena's tracking in the name of the current work-item. */
final class ArenaBuffers {

    private ArenaBuffers() {}

    static Object buffer(Role role, DeviceMemory memory) {
        return switch (role) {
            case FLOATS, FLOAT_STAGING -> new Floats(memory.content(DType.F32), memory.tracked(DType.F32));
            case INTS, INT_STAGING -> new Ints(memory.content(DType.I32), memory.tracked(DType.I32));
            case HALVES, HALF_STAGING -> new Shorts(memory.content(DType.BF16), memory.tracked(DType.BF16));
            case PARAMS -> new Params(memory.params());
            case SCALARS -> new Scalars(memory.scalars());
        };
    }

    private static final class Floats extends FloatBuf {
        private final MemorySegment content;
        private final TrackedArena arena;

        Floats(MemorySegment content, TrackedArena arena) {
            this.content = content;
            this.arena = arena;
        }

        @Override
        public float get(int index) {
            arena.read(WorkItem.current(), index);
            return content.getAtIndex(ValueLayout.JAVA_FLOAT, index);
        }

        @Override
        public void set(int index, float value) {
            arena.write(WorkItem.current(), index);
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

        Ints(MemorySegment content, TrackedArena arena) {
            this.content = content;
            this.arena = arena;
        }

        @Override
        public int get(int index) {
            arena.read(WorkItem.current(), index);
            return content.getAtIndex(ValueLayout.JAVA_INT, index);
        }

        @Override
        public void set(int index, int value) {
            arena.write(WorkItem.current(), index);
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

        Shorts(MemorySegment content, TrackedArena arena) {
            this.content = content;
            this.arena = arena;
        }

        @Override
        public short get(int index) {
            arena.read(WorkItem.current(), index);
            return content.getAtIndex(ValueLayout.JAVA_SHORT, index);
        }

        @Override
        public void set(int index, short bits) {
            arena.write(WorkItem.current(), index);
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
        private final float[] values;

        Scalars(float[] values) {
            this.values = values;
        }

        @Override
        public float get(int index) {
            if (index < 0 || index >= values.length) {
                throw WorkItem.current()
                        .fault("reads scalars[" + index + "] of " + values.length
                                + "; make the kernel's layout and its DeviceLaunch agree");
            }
            return values[index];
        }

        @Override
        public void set(int index, float value) {
            throw WorkItem.current().fault("writes scalars[" + index + "]; scalars are read-only");
        }

        @Override
        public int getSize() {
            return values.length;
        }
    }
}
