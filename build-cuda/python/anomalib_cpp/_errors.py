"""Exceptions and warnings: one class per thing a caller can react to."""

from __future__ import annotations

__all__ = [
    "AnomalibCppError",
    "ChecksumError",
    "CompatibilityWarning",
    "CudaError",
    "CudaOutOfMemoryError",
    "DeviceError",
    "FormatError",
    "InvalidInputError",
    "InvalidTypeError",
    "MemoryBudgetError",
    "NotFittedError",
    "OperationCancelled",
    "PerformanceWarning",
    "ReproducibilityWarning",
    "UndefinedMetricWarning",
]


class AnomalibCppError(Exception):
    """Base of every exception of this package; never raised by itself."""


class InvalidInputError(AnomalibCppError, ValueError):
    """A value, shape or range that the function does not accept."""


class InvalidTypeError(AnomalibCppError, TypeError):
    """A dtype or kind of object that the function does not accept."""


class DeviceError(AnomalibCppError, RuntimeError):
    """Wrong, mixed or unsupported device, or a build without CUDA."""


class NotFittedError(AnomalibCppError, ValueError, AttributeError):
    """The object has no fitted state yet."""


class FormatError(AnomalibCppError, ValueError):
    """A file that is malformed, of the wrong kind or of an unsupported version."""


class ChecksumError(FormatError):
    """The content of a file does not match its recorded checksum."""


class MemoryBudgetError(AnomalibCppError, MemoryError):
    """The smallest possible working set exceeds the memory budget."""


class CudaError(AnomalibCppError, RuntimeError):
    """A failure reported by the CUDA runtime."""


class CudaOutOfMemoryError(AnomalibCppError, MemoryError, RuntimeError):
    """The device has too little free memory."""


class OperationCancelled(AnomalibCppError):
    """A progress callback asked to stop. Ctrl-C stays KeyboardInterrupt."""


class PerformanceWarning(UserWarning):
    """The call works, but copies or converts more than it would have to."""


class UndefinedMetricWarning(UserWarning):
    """A metric does not exist for this input and was replaced by the value of `undefined`."""


class ReproducibilityWarning(UserWarning):
    """A setting allows results to differ between runs."""


class CompatibilityWarning(UserWarning):
    """A peer's behaviour was asked for that differs from the definition."""
