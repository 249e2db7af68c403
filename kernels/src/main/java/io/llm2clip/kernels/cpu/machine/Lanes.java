package io.llm2clip.kernels.cpu.machine;

/** Vectors of f32 of one width, as programs use them: registers by number, with the instructions that both widths have. */
public abstract sealed class Lanes permits Lanes256, Lanes512 {
    final Assembler a;
    private final VectorWidth width;

    Lanes(Assembler a, VectorWidth width) {
        this.a = a;
        this.width = width;
    }

    /** Which vectors these are. */
    public final VectorWidth width() {
        return width;
    }

    /** Elements of a vector. */
    public final int count() {
        return width.count();
    }

    /** Bytes of a vector. */
    public final int bytes() {
        return width.bytes();
    }

    /** Reads the mask of a single vector, number 0, from a call. */
    public abstract void mask(Gpr call, int offset);

    /** Reads the masks of two vectors' columns from a call; may change RAX. */
    public abstract void masks(Gpr call, int offset);

    public abstract void load(int to, Address from);

    /** Loads the lanes of a vector's mask and sets the others to 0; memory of these is not touched. */
    public abstract void load(int to, int vector, Address from);

    public abstract void store(Address to, int from);

    /** Stores the lanes of a vector's mask. */
    public abstract void store(Address to, int vector, int from);

    public abstract void broadcast(int to, Address from);

    public abstract void clear(int to);

    /** {@code sum += a b}, rounded once. */
    public abstract void multiplyAdd(int sum, int a, int b);

    /** By an element of memory, which may be left in a temporary register. */
    public abstract void multiplyAdd(int sum, int a, Address b, int temporary);

    /** Adds the squares of the lanes of a vector's mask. */
    public abstract void addSquares(int sums, int vector, int x);

    /** {@code to = to a + b}, rounded once. */
    public abstract void multiplyThenAdd(int to, int a, int b);

    public abstract void add(int to, int a, int b);

    /** All lanes become their sum. */
    public abstract void addAcross(int x, int temporary);

    public abstract void subtract(int to, int a, int b);

    public abstract void multiply(int to, int a, int b);

    /** By a vector of memory. */
    public abstract void multiply(int to, int a, Address b);

    public abstract void divide(int to, int a, int b);

    /** The greater lanes; of b where one of two is NaN. */
    public abstract void maximum(int to, int a, int b);

    /** The lesser lanes; of b where one of two is NaN. */
    public abstract void minimum(int to, int a, int b);

    public abstract void squareRoot(int to, int from);

    /** The bits that both have. */
    public abstract void and(int to, int a, int b);

    /** The bits that one of them has. */
    public abstract void xor(int to, int a, int b);

    /** The sums of lanes as integers. */
    public abstract void addIntegers(int to, int a, int b);

    public abstract void shiftLeft(int to, int from, int bits);

    /**
     * {@code to = x compared with y ? then : otherwise}, lane by lane.
     *
     * @param temporary is overwritten, and may be x or y, but none of the others
     */
    public abstract void choose(int to, int otherwise, int then, int x, int y, Comparison comparison, int temporary);

    /** Loads a vector of bf16, which has half of the bytes, as f32. */
    public abstract void loadBf16(int to, Address from);

    /** The bf16 in the lower, or upper, half of each lane as f32. */
    public abstract void widen(int to, int from, boolean upper);

    /** Loads four lanes and sets the others to 0. */
    public abstract void loadFour(int to, Address from);

    /** Loads four lanes, the {@code quarter}-th of a vector. */
    public abstract void insertFour(int to, int quarter, Address from);

    /** Of each four lanes the lower, or upper, two of a and b in turn. */
    public abstract void unpack(int to, int a, int b, boolean upper);

    /** Of each four lanes the lower, or upper, two of a and then of b. */
    public abstract void unpackPairs(int to, int a, int b, boolean upper);

    /** Transposes as many registers as a vector has elements, from register 0 on; as many behind them are overwritten. */
    public abstract void transpose();
}
