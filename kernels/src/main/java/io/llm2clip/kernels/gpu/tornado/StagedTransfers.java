package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch;
import io.llm2clip.kernels.gpu.launch.Transfers;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Copies between host memory and the arena of an element type, block by block through staging arrays. */
final class StagedTransfers {
    /** Elements of the staging array for large transfers. */
    private static final int LARGE = 1 << 20;
    /** And for small ones, as staging arrays are copied whole. */
    private static final int SMALL = 1 << 12;

    private final DType dtype;
    private final Stage small;
    private final Stage large;

    StagedTransfers(DeviceArenas arenas, DType dtype) {
        this.dtype = dtype;
        small = new Stage(arenas, dtype, SMALL);
        large = new Stage(arenas, dtype, LARGE);
    }

    /** A staging array with the graphs that store from it and load to it. */
    private static final class Stage {
        private final HostArray array;
        private final KernelGraph store;
        private final KernelGraph load;

        Stage(DeviceArenas arenas, DType dtype, int size) {
            array = arenas.newArray(dtype, size);
            store = new KernelGraph(arenas, Transfers.store(dtype, 1).kernel(), array);
            load = new KernelGraph(arenas, Transfers.load(dtype, 1).kernel(), array);
        }
    }

    void upload(int element, MemorySegment source) {
        long bytes = source.byteSize();
        for (long done = 0; done < bytes; ) {
            Stage stage = stage(bytes - done);
            int block = block(stage, bytes - done);
            int count = block / dtype.bytes();
            MemorySegment.copy(source, done, stage.array.content(), 0, block);
            stage.store.run(Transfers.store(dtype, count), new int[] {0, element + (int) (done / dtype.bytes())});
            done += block;
        }
    }

    void download(int element, MemorySegment target) {
        long bytes = target.byteSize();
        for (long done = 0; done < bytes; ) {
            Stage stage = stage(bytes - done);
            int block = block(stage, bytes - done);
            DeviceLaunch launch = Transfers.load(dtype, block / dtype.bytes());
            stage.load.run(launch, new int[] {element + (int) (done / dtype.bytes()), 0});
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
        Resources.closeAll(List.of(small.store::close, small.load::close, large.store::close, large.load::close));
    }
}
