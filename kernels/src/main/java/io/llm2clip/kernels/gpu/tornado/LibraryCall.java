package io.llm2clip.kernels.gpu.tornado;

/** A library's part of a graph: what it enqueues on the stream to which the graph's kernels go. */
interface LibraryCall {
    /**
     * Creates what the call needs; comes before anything is enqueued or captured, and may come again.
     *
     * @param context the device's {@code CUcontext}
     */
    void prepare(long context);

    /**
     * Enqueues.
     *
     * @param floats device address of the first element of the arena of f32 elements
     * @param halves the same of the arena of 16-bit elements
     * @param stream a {@code CUstream}
     */
    void run(long floats, long halves, long stream);
}
