package io.llm2clip.kernels.gpu.launch;

/**
 * The work-items of a launch.
 *
 * @param x work-items along the fastest dimension
 * @param y work-items along the second dimension
 * @param z work-items along the slowest dimension
 * @param groupX work-items of a work-group along x; divides x. 0, as groupY and groupZ then are, leaves groups to the device, which
 *     may round x up: for kernels without barrier and local memory that guard their index
 * @param groupY work-items of a work-group along y
 * @param groupZ work-items of a work-group along z
 */
public record Grid(int x, int y, int z, int groupX, int groupY, int groupZ) {
    public Grid {
        boolean free = groupX == 0 && groupY == 0 && groupZ == 0;
        if (x <= 0 || y <= 0 || z <= 0) {
            throw new IllegalArgumentException("Grid of " + x + " x " + y + " x " + z
                    + " work-items, expected at least one along each dimension; leave out launches without work.");
        }
        if (!free && (groupX <= 0 || groupY <= 0 || groupZ <= 0 || x % groupX + y % groupY + z % groupZ != 0)) {
            throw new IllegalArgumentException(
                    "Grid of " + x + " x " + y + " x " + z + " work-items in groups of " + groupX + " x " + groupY
                            + " x " + groupZ + ", expected whole groups; round the grid up and guard in the kernel.");
        }
    }

    /** Independent work-items, one per element. */
    public static Grid elements(long elements) {
        return new Grid(Arenas.index("Work-items", elements), 1, 1, 0, 0, 0);
    }

    /** One work-group of a fixed size for each of a number of rows. */
    public static Grid rows(long rows, int groupSize) {
        return new Grid(Arenas.index("Work-items", rows * groupSize), 1, 1, groupSize, 1, 1);
    }

    /** Whether the device chooses the work-groups. */
    public boolean freeGroups() {
        return groupX == 0;
    }
}
