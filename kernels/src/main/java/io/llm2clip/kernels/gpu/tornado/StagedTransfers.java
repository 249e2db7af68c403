package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch;
import io.llm2clip.kernels.gpu.launch.Transfers;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Copies between host memory and the arenas of an element type, block by block through staging arrays. */
final class StagedTransfers {
    /** Elements of the staging array for large transfers. */
    private static final int LARGE = 1 << 20;
    /** And for small ones, as staging arrays are copied whole. */
    private static final int SMALL = 1 << 12;

    private final DeviceArenas arenas;
    private final DType dtype;
    private final Stage small;
    private final Stage large;

    StagedTransfers(DeviceArenas arenas, DType dtype) {
        this.arenas = arenas;
        this.dtype = dtype;
        small = new Stage(SMALL);
        large = new Stage(LARGE);
    }

    /** A staging array with the graphs that store from it into arenas and load to it, by the arena's number. */
    private final class Stage {
        private final HostArray array;
        private final Map<Integer, KernelGraph> stores = new HashMap<>();
        private final Map<Integer, KernelGraph> loads = new HashMap<>();

        Stage(int size) {
            array = arenas.newArray(dtype, size);
        }

        void store(int count, DeviceAddress target) {
            DeviceLaunch copy = Transfers.copy(dtype, count);
            stores.computeIfAbsent(target.arena(), arena -> graph(copy, array.array(), array(arena)))
                    .run(copy, List.of(new DeviceAddress(target.arena(), 0), target));
        }

        void load(int count, DeviceAddress source) {
            DeviceLaunch copy = Transfers.copy(dtype, count);
            loads.computeIfAbsent(source.arena(), arena -> graph(copy, array(arena), array.array()))
                    .run(copy, List.of(source, new DeviceAddress(source.arena(), 0)));
        }

        private KernelGraph graph(DeviceLaunch copy, Object source, Object target) {
            return new KernelGraph(arenas, copy.kernel(), List.of(source, target), array);
        }

        private Object array(int arena) {
            return arenas.arrays(List.of(arena)).getFirst();
        }
    }

    void upload(DeviceAddress target, MemorySegment source) {
        long bytes = source.byteSize();
        for (long done = 0; done < bytes; ) {
            Stage stage = stage(bytes - done);
            int block = block(stage, bytes - done);
            MemorySegment.copy(source, done, stage.array.content(), 0, block);
            stage.store(block / dtype.bytes(), target.plus((int) (done / dtype.bytes())));
            done += block;
        }
    }

    void download(DeviceAddress source, MemorySegment target) {
        long bytes = target.byteSize();
        for (long done = 0; done < bytes; ) {
            Stage stage = stage(bytes - done);
            int block = block(stage, bytes - done);
            stage.load(block / dtype.bytes(), source.plus((int) (done / dtype.bytes())));
            MemorySegment.copy(stage.array.content(), 0, target, done, block);
            done += block;
        }
    }

    private Stage stage(long bytes) {
        return bytes <= small.array.content().byteSize() ? small : large;
    }

    private static int block(Stage stage, long bytes) {
        return (int) Math.min(bytes, stage.array.content().byteSize());
    }

    void close() {
        List<Runnable> closings = new ArrayList<>();
        for (Stage stage : List.of(small, large)) {
            stage.stores.values().forEach(graph -> closings.add(graph::close));
            stage.loads.values().forEach(graph -> closings.add(graph::close));
        }
        Resources.closeAll(closings);
    }
}
