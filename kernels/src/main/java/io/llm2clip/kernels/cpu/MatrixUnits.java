package io.llm2clip.kernels.cpu;

import io.llm2clip.kernels.Settings;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.matrix.MatrixUnit;
import io.llm2clip.kernels.cpu.matrix.MatrixWork;
import io.llm2clip.kernels.cpu.matrix.machine.MachineMatrixUnit;
import io.llm2clip.kernels.cpu.matrix.machine.attention.AttentionUnit;
import io.llm2clip.kernels.cpu.matrix.scalar.ScalarMatrixUnit;
import io.llm2clip.kernels.cpu.matrix.vector.VectorMatrixUnit;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.operations.RowPanels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The matrix units of this machine and the choice among them: the first that passes its self-test, or the one that the system property
 * {@code llm2clip.matrix} names.
 */
final class MatrixUnits {
    private static final System.Logger LOG = System.getLogger(MatrixUnits.class.getName());

    /** Fastest first within a precision. */
    private static final List<MatrixUnit> AVAILABLE = Stream.of(
                    AttentionUnit.all(),
                    List.of(new VectorMatrixUnit(), new ScalarMatrixUnit()),
                    MachineMatrixUnit.all())
            .flatMap(List::stream)
            .toList();

    /** What was chosen, or that there is nothing to choose. */
    sealed interface Selection {}

    /**
     * A unit and why it is the one.
     *
     * @param unit the unit
     * @param reason as half a sentence
     */
    record Choice(MatrixUnit unit, String reason) implements Selection {}

    /**
     * No unit.
     *
     * @param reason why not, as half a sentence
     */
    record Absence(String reason) implements Selection {}

    /** What a choice depends on. */
    private record Settled(
            MatrixPrecision precision,
            MatrixWork work,
            @Nullable String wanted,
            boolean machineCode) {}

    private static final Map<Settled, Selection> SELECTIONS = new ConcurrentHashMap<>();

    private MatrixUnits() {}

    /**
     * The unit in use for matmuls in f32; chosen at the first call, and again after the property has changed.
     *
     * @throws IllegalArgumentException if the property names a unit that this machine does not have, or that fails here
     */
    static Choice selected() {
        return required(MatrixPrecision.F32);
    }

    /**
     * The unit in use for matmuls in a precision, as {@link #selected()}; for others than f32 there may be none.
     *
     * @throws IllegalArgumentException as {@link #selected()}
     */
    static Selection selected(MatrixPrecision precision) {
        return selected(precision, MatrixWork.MATMUL);
    }

    /**
     * The unit in use for a kind of operations in a precision, as {@link #selected()}; for others than f32 there may be none.
     *
     * @throws IllegalArgumentException as {@link #selected()}
     */
    static Selection selected(MatrixPrecision precision, MatrixWork work) {
        Settled settled = new Settled(precision, work, Settings.matrixUnit(), Settings.machineCode());
        Selection known = SELECTIONS.get(settled);
        return known != null ? known : select(settled);
    }

    private static Choice required(MatrixPrecision precision) {
        return switch (selected(precision)) {
            case Choice choice -> choice;
            case Absence(String reason) ->
                throw new IllegalArgumentException("Nothing on this CPU multiplies in " + precision + ": " + reason
                        + "; ask for " + MatrixPrecision.F32 + ".");
        };
    }

    private static synchronized Selection select(Settled settled) {
        Selection known = SELECTIONS.get(settled);
        if (known != null) {
            return known;
        }
        Selection selection = choose(settled.precision, settled.work, AVAILABLE, settled.wanted);
        LOG.log(
                System.Logger.Level.DEBUG,
                "Matrix unit for {0} in {1}: {2}.",
                settled.work,
                settled.precision,
                switch (selection) {
                    case Choice choice -> choice.unit().name() + ", " + choice.reason();
                    case Absence absence -> "none, " + absence.reason();
                });
        SELECTIONS.put(settled, selection);
        return selection;
    }

    /**
     * The unit for an operation: the one in use for its kind and the precision, or where that does not support it the one for f32, or else the
     * first that does. An operation in f32 is not less precise.
     *
     * @throws IllegalArgumentException if nothing computes in the precision, or nothing the operation
     */
    static MatrixUnit forOperation(KernelOp op, MatrixPrecision precision) {
        return supporting(op, precision)
                .orElseThrow(() -> new IllegalArgumentException("No matrix unit of this machine computes " + op + "."));
    }

    /**
     * The unit for an operation, if there is one.
     *
     * @throws IllegalArgumentException if nothing computes in the precision
     */
    static Optional<MatrixUnit> supporting(KernelOp op, MatrixPrecision precision) {
        required(precision);
        return Stream.concat(
                        inUse(precision, MatrixWork.of(op)),
                        AVAILABLE.stream().filter(unit -> unit.precision() == MatrixPrecision.F32))
                .filter(unit -> unit.supports(op))
                .findFirst();
    }

    /** The unit for attention in a precision, as far as it supports an operation. */
    static MatrixUnit attention(MatrixPrecision precision) {
        return inUse(precision, MatrixWork.ATTENTION).findFirst().orElseThrow();
    }

    /** The units in use for a kind of operations, that of the precision first, then that of f32. */
    private static Stream<MatrixUnit> inUse(MatrixPrecision precision, MatrixWork work) {
        return Stream.of(precision, MatrixPrecision.F32)
                .map(either -> selected(either, work))
                .flatMap(MatrixUnits::unit);
    }

    private static Stream<MatrixUnit> unit(Selection selection) {
        return selection instanceof Choice choice ? Stream.of(choice.unit()) : Stream.empty();
    }

    /** The unit whose layout a packing is: of those in use, or else the first. */
    static MatrixUnit ofLayout(Packing packing) {
        return Stream.concat(
                        Arrays.stream(MatrixPrecision.values())
                                .map(MatrixUnits::selected)
                                .flatMap(MatrixUnits::unit),
                        AVAILABLE.stream())
                .filter(unit -> unit.packs(packing))
                .findFirst()
                .orElseThrow(
                        () -> new IllegalArgumentException("No matrix unit of this machine packs " + packing + "."));
    }

    /** A unit that writes and reads a layout of A: of those in use, or else the first. */
    static MatrixUnit ofPanels(RowPanels panels) {
        return Stream.concat(
                        Arrays.stream(MatrixPrecision.values())
                                .map(MatrixUnits::selected)
                                .flatMap(MatrixUnits::unit),
                        AVAILABLE.stream())
                .filter(unit -> unit.packs(panels))
                .findFirst()
                .orElseThrow(
                        () -> new IllegalArgumentException("No matrix unit of this machine packs " + panels + "."));
    }

    /** Refuses a property that names no unit. */
    static void checkSetting() {
        String wanted = Settings.matrixUnit();
        if (wanted != null) {
            named(AVAILABLE, wanted);
        }
    }

    private static MatrixUnit named(List<MatrixUnit> units, String wanted) {
        return units.stream()
                .filter(unit -> unit.name().equals(wanted))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("No matrix unit '" + wanted
                        + "' on this machine; set " + Settings.MATRIX_UNIT + " to one of "
                        + units.stream().map(MatrixUnit::name).toList() + " or leave it unset."));
    }

    private static Selection choose(
            MatrixPrecision precision, MatrixWork work, List<MatrixUnit> units, @Nullable String wanted) {
        List<MatrixUnit> able = units.stream()
                .filter(unit -> unit.precision() == precision && unit.work().contains(work))
                .toList();
        boolean named = wanted != null && able.contains(named(units, wanted));
        return choose(able, work, named ? wanted : null);
    }

    /** Chooses among units of one precision, fastest first, for a kind of operations. */
    static Selection choose(List<MatrixUnit> units, MatrixWork work, @Nullable String wanted) {
        List<String> names = units.stream().map(MatrixUnit::name).toList();
        if (wanted != null) {
            MatrixUnit unit = named(units, wanted);
            unit.selfTest(work).ifPresent(failure -> {
                throw new IllegalArgumentException("The matrix unit '" + wanted + "' cannot be used: " + failure
                        + "; leave " + Settings.MATRIX_UNIT + " unset to have another one.");
            });
            return new Choice(unit, "named by " + Settings.MATRIX_UNIT);
        }
        List<String> failures = new ArrayList<>();
        for (MatrixUnit unit : units) {
            Optional<String> failure = unit.selfTest(work);
            if (failure.isEmpty()) {
                String reason = failures.isEmpty()
                        ? "the fastest of " + names + ", passed its self-test"
                        : String.join("; ", failures);
                return new Choice(unit, reason);
            }
            failures.add("not " + unit.name() + ", " + failure.get());
        }
        return new Absence(String.join("; ", failures));
    }
}
