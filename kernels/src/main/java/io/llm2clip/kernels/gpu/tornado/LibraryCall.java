package io.llm2clip.kernels.gpu.tornado;

import java.util.List;

/** A library's part of a graph: what it enqueues on the stream to which the graph's kernels go. */
interface LibraryCall {
    /** Numbers of the arenas that it reads or writes, each once. */
    List<Integer> arenas();

    /**
     * Creates what the call needs; comes before anything is enqueued or captured, and may come again.
     *
     * @param context the device's {@code CUcontext}
     */
    void prepare(long context);

    /**
     * Enqueues.
     *
     * @param addresses for each of {@link #arenas} the device address of its first element
     * @param stream a {@code CUstream}
     */
    void run(long[] addresses, long stream);
}
