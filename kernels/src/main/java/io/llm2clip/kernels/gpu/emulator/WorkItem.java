package io.llm2clip.kernels.gpu.emulator;

import io.llm2clip.kernels.gpu.dialect.KernelContext;
import io.llm2clip.kernels.gpu.launch.Grid;
import org.jspecify.annotations.Nullable;

/** One work-item: its ids, and its way to the work-group. */
final class WorkItem extends KernelContext {
    private static final ThreadLocal<@Nullable WorkItem> CURRENT = new ThreadLocal<>();

    private final WorkGroup group;
    private final String kernel;
    private final Grid grid;
    private int localArrays;

    /** Work-item {@code local} of a group, both counted with x fastest. */
    WorkItem(WorkGroup group, String kernel, Grid grid, int groupNumber, int local) {
        this.group = group;
        this.kernel = kernel;
        this.grid = grid;
        localGroupSizeX = Math.max(1, grid.groupX());
        localGroupSizeY = Math.max(1, grid.groupY());
        localGroupSizeZ = Math.max(1, grid.groupZ());
        globalGroupSizeX = grid.x();
        globalGroupSizeY = grid.y();
        globalGroupSizeZ = grid.z();
        int groupsX = grid.x() / localGroupSizeX;
        int groupsY = grid.y() / localGroupSizeY;
        groupIdx = groupNumber % groupsX;
        groupIdy = groupNumber / groupsX % groupsY;
        groupIdz = groupNumber / groupsX / groupsY;
        localIdx = local % localGroupSizeX;
        localIdy = local / localGroupSizeX % localGroupSizeY;
        localIdz = local / localGroupSizeX / localGroupSizeY;
        globalIdx = groupIdx * localGroupSizeX + localIdx;
        globalIdy = groupIdy * localGroupSizeY + localIdy;
        globalIdz = groupIdz * localGroupSizeZ + localIdz;
    }

    /** The work-item whose kernel the calling thread executes. */
    static WorkItem current() {
        WorkItem item = CURRENT.get();
        if (item == null) {
            throw new IllegalStateException(
                    "Device memory is accessed outside a kernel; run kernels through Emulator.");
        }
        return item;
    }

    void enter() {
        CURRENT.set(this);
    }

    static void leave() {
        CURRENT.remove();
    }

    WorkGroup group() {
        return group;
    }

    /** Unique in the grid. */
    int number() {
        return (globalIdz * globalGroupSizeY + globalIdy) * globalGroupSizeX + globalIdx;
    }

    /** Unique in the group. */
    int localNumber() {
        return (localIdz * localGroupSizeY + localIdy) * localGroupSizeX + localIdx;
    }

    @Override
    public void localBarrier() {
        throw new IllegalStateException("Barriers are redirected when kernel classes are loaded.");
    }

    @Override
    public float[] allocateFloatLocalArray(int size) {
        return (float[]) group.localArray(this, localArrays++, float.class, size);
    }

    @Override
    public int[] allocateIntLocalArray(int size) {
        return (int[]) group.localArray(this, localArrays++, int.class, size);
    }

    boolean freeGroups() {
        return grid.freeGroups();
    }

    KernelFault fault(String what) {
        return new KernelFault(kernel + ": " + describe(number()) + " " + what + ".");
    }

    KernelFault fault(String what, Throwable cause) {
        return new KernelFault(kernel + ": " + describe(number()) + " " + what + ".", cause);
    }

    /** Names a work-item of the grid by its number. */
    String describe(int number) {
        int x = number % globalGroupSizeX;
        int y = number / globalGroupSizeX % globalGroupSizeY;
        int z = number / globalGroupSizeX / globalGroupSizeY;
        return grid.freeGroups()
                ? "work-item (" + x + "," + y + "," + z + ")"
                : "work-item (" + x % localGroupSizeX + "," + y % localGroupSizeY + "," + z % localGroupSizeZ
                        + ") of group (" + x / localGroupSizeX + "," + y / localGroupSizeY + "," + z / localGroupSizeZ
                        + ")";
    }

    /** Names a work-item of this group by its number in it. */
    String describeLocal(int local) {
        int x = groupIdx * localGroupSizeX + local % localGroupSizeX;
        int y = groupIdy * localGroupSizeY + local / localGroupSizeX % localGroupSizeY;
        int z = groupIdz * localGroupSizeZ + local / localGroupSizeX / localGroupSizeY;
        return describe((z * globalGroupSizeY + y) * globalGroupSizeX + x);
    }
}
