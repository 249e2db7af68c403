package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.KernelDevice;
import io.llm2clip.tensor.RemoteCopy;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Room for a tensor's elements on an accelerator, and which side has the current ones. Several programs may use it; the last one to
 * release it brings the elements home. Whoever asks for the elements waits for the device's turn.
 */
final class DeviceCopy implements RemoteCopy {
    private final AcceleratorMemory memory;
    private final TensorData data;
    private final DeviceAddress address;
    private final boolean owned;
    private final List<IndexCheck> checks = new ArrayList<>();
    private boolean currentHere = true;
    private boolean currentThere;
    private boolean freed;
    private int users;

    /**
     * @param address where it starts
     * @param owned whether the room is its own, not a program's
     */
    DeviceCopy(AcceleratorMemory memory, TensorData data, DeviceAddress address, boolean owned) {
        this.owned = owned;
        this.memory = memory;
        this.data = data;
        this.address = address;
        data.attach(this);
    }

    /** The copy that a tensor has, if it has one. */
    static @Nullable DeviceCopy of(TensorData data) {
        return (DeviceCopy) data.copy();
    }

    KernelDevice device() {
        return memory.device();
    }

    /** Where it starts. */
    DeviceAddress address() {
        return address;
    }

    /** Begins a use. */
    void retain() {
        users++;
    }

    /** Ends a use; true if it was the last, so that it is time to {@link #detach}. */
    boolean release() {
        users--;
        return users <= 0 && owned;
    }

    /** Brings the elements home for good; the tensor has no copy afterwards, even if the device fails to give them. */
    void detach() {
        memory.inTurn(() -> {
            try {
                if (data.isAlive()) {
                    bringHome();
                }
            } finally {
                data.attach(null);
            }
        });
    }

    /** Ends it without bringing anything home: the elements are lost, unless they are here already. */
    void free() {
        freed = true;
    }

    /** Has all elements that are sent checked from now on, because kernels there do not. */
    void require(IndexCheck check) {
        memory.inTurn(() -> {
            if (!checks.contains(check)) {
                checks.add(check);
                if (currentThere) {
                    bringHome();
                    check.check(data.memory());
                }
            }
        });
    }

    @Override
    public void bringHome() {
        memory.inTurn(() -> {
            if (!currentHere) {
                requireRoom();
                memory.device().download(data.dtype().stored(), address, data.memory());
                currentHere = true;
            }
        });
    }

    @Override
    public void hostWrites() {
        memory.inTurn(() -> {
            bringHome();
            currentThere = false;
        });
    }

    /** During a run: makes the elements on the device current, and sees to it that they are what kernels there take them for. */
    void send() {
        requireRoom();
        if (!currentHere && !checks.isEmpty()) {
            bringHome();
            checks.forEach(check -> check.check(data.memory()));
        }
        if (!currentThere) {
            checks.forEach(check -> check.check(data.memory()));
            memory.device().upload(data.dtype().stored(), address, data.memory());
            currentThere = true;
        }
    }

    /** During a run: kernels have written the elements on the device. */
    void deviceWrote() {
        data.changed();
        currentThere = true;
        currentHere = false;
    }

    /** Whether the elements on the device are current. */
    boolean isCurrent() {
        return currentThere;
    }

    private void requireRoom() {
        if (freed) {
            throw new IllegalStateException("Elements " + data.dtype() + " " + data.shape()
                    + " were left on the device by a program that is closed; read or copy outputs before.");
        }
    }
}
