/**
 * The device kernels on GPUs, through a TornadoVM that the user has installed.
 *
 * <p>Nothing here needs TornadoVM to compile or to load. {@link io.llm2clip.kernels.gpu.tornado.TornadoInstallation} finds an
 * installation and says with which arguments a JVM must be started; in such a JVM {@link io.llm2clip.kernels.gpu.tornado.TornadoVm}
 * lists the devices, and {@link io.llm2clip.kernels.gpu.tornado.TornadoDevice} runs launches on one. Kernel classes are relinked:
 * defined a second time under their own names, with the types of the dialect replaced by TornadoVM's. On CUDA products are a
 * library's, called between the kernels ({@link io.llm2clip.kernels.gpu.tornado.LibraryProducts}).
 */
@NullMarked
package io.llm2clip.kernels.gpu.tornado;

import org.jspecify.annotations.NullMarked;
