package io.llm2clip.kernels.gpu.dialect;

/**
 * What a kernel knows about its place in the grid, and its work-group's barrier and local memory.
 *
 * <p>Names and meanings are those of TornadoVM's class of the same name, so that class files can be relinked one to one.
 * X varies fastest.
 */
public abstract class KernelContext {
    /** Position of this work-item in the grid. */
    public int globalIdx;

    public int globalIdy;
    public int globalIdz;
    /** Position of this work-item in its work-group. */
    public int localIdx;

    public int localIdy;
    public int localIdz;
    /** Position of the work-group in the grid of work-groups. */
    public int groupIdx;

    public int groupIdy;
    public int groupIdz;
    /** Work-items of the whole grid. */
    public int globalGroupSizeX;

    public int globalGroupSizeY;
    public int globalGroupSizeZ;
    /** Work-items of a work-group. */
    public int localGroupSizeX;

    public int localGroupSizeY;
    public int localGroupSizeZ;

    /** For the runtimes that execute kernels. */
    protected KernelContext() {}

    /**
     * Waits until every work-item of the group is here; orders their accesses to local memory. Accesses to arenas are ordered by
     * the end of a launch only.
     */
    public abstract void localBarrier();

    /**
     * Local memory shared by the work-group, not initialized; the n-th call of every work-item yields the n-th array.
     *
     * @param size number of elements, a compile-time constant and the same in all work-items
     */
    public abstract float[] allocateFloatLocalArray(int size);

    /** As {@link #allocateFloatLocalArray}, of ints. */
    public abstract int[] allocateIntLocalArray(int size);
}
