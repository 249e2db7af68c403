package io.llm2clip.bench.compare;

/** Work that is ready to be done again and again. */
interface Task extends AutoCloseable {
    void run();

    /** What is compared with other engines; runs the work at least once. */
    float[] output();

    /** Floating-point operations of a run; 0 if they are known after the first one only. */
    long flops();

    /** The work kernel by kernel. */
    String explain();

    @Override
    void close();
}
