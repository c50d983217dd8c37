import Kernels

/// Whether the kernels are as a run has them: the CPU's best loops and one OpenBLAS thread. Asking prepares them.
package let prepared: Bool = {
  do throws(KernelError) { try KernelSet.configure(.auto) } catch { return false }
  return true
}()
